import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { appendFile, chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { encodeTrustBundlePem } from '@mayfly/ca-core'
import { systemClock } from '@mayfly/platform'
import { found, intent } from '../../../test/suites/store/store-records.ts'
import { adminClient } from '../src/admin/admin-client.ts'
import { openSqliteStore } from '../src/store/sqlite/open-sqlite-store.ts'
import { ask } from './support/https-caller.ts'
import { IssuerProcess } from './support/issuer-process.ts'
import { ceremony, makeRoot, passphrase, type TestRoot, writeConfiguration } from './support/live-issuer.ts'
import { enrolled, newKey, postEnrolment } from './support/test-host.ts'

let folder: string
let configPath: string
let root: TestRoot
let ca: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mayfly-main-'))
  configPath = await writeConfiguration(folder, 'metrics: { listen: "127.0.0.1:0" }')
  root = await makeRoot()
  await ceremony(join(folder, 'state'), root)
  ca = encodeTrustBundlePem({ sequence: 1, trustDomain: 'x', roots: [root.certificate], distrusted: [] })
})
after(() => rm(folder, { recursive: true }))

/** Prints each message; a barrier (sd_notify(3)) is a descriptor to be closed, and no message. */
const datagramListener = `
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('listening')
while True:
    data, ancillary, _, _ = s.recvmsg(4096, socket.CMSG_LEN(64))
    for _, _, fds in ancillary:
        for fd in array.array('i', fds[:len(fds) - len(fds) % 4]):
            os.close(fd)
    if b'BARRIER' not in data:
        print(data.decode().replace(chr(10), ' '))
`

/** An answer but for the end of the audit, which is the newest one each time. */
function withoutWitness(answer: unknown): object {
  const { auditHead: _, ...rest } = answer as { readonly auditHead?: unknown }
  return rest
}

test('issuer: start, enrol, SIGTERM, start again → the same key gets the same certificate', async () => {
  const admin = adminClient(join(folder, 'state/admin.sock'))
  const first = new IssuerProcess(configPath)
  const { port } = (await first.logged('ready')) as { port: number }
  const { token } = await admin.createToken({
    identity: 'web-1',
    profile: 'server',
    names: ['dns:web-1.test'],
  })
  const keyPair = await newKey()
  const answer = await postEnrolment({ port, ca }, token, { keyPair })
  assert.equal(answer.status, 200, answer.text)
  assert.equal(await first.stopped(), 0)
  assert.equal(JSON.parse(first.lines.at(-1) ?? '{}').msg, 'stopped')

  const second = new IssuerProcess(configPath)
  try {
    const again = (await second.logged('ready')) as { port: number }
    const repeated = await postEnrolment({ port: again.port, ca }, token, { keyPair })
    assert.deepEqual(withoutWitness(repeated.json), withoutWitness(answer.json))
    await assert.rejects(async () => {
      const third = new IssuerProcess(configPath)
      await third.logged('ready')
    }, /already-running|is using this/)
  } finally {
    assert.equal(await second.stopped(), 0)
  }
  for (const line of [...first.lines, ...second.lines]) {
    assert.doesNotMatch(line, /PRIVATE KEY|eyJ[A-Za-z0-9_-]{10,}\./)
    assert.ok(!line.includes(passphrase))
  }
})

test('issuer: a killed one left an intent → the next start tells its serial as burnt, in log and metrics', async () => {
  const store = await openSqliteStore({ path: join(folder, 'state/store.sqlite') })
  const identity = found(await store.identity({ name: 'web-1' }))
  const left = intent(identity, 1)
  assert.deepEqual(await store.commit([{ at: systemClock.now(), parts: [{ do: 'intend', intent: left }] }]), [
    { done: true },
  ])
  await store.close()
  const issuer = new IssuerProcess(configPath)
  try {
    const told = await issuer.logged('serials burnt by an interrupted run')
    assert.deepEqual([told.serials, told.level], [[left.serial], 'warn'])
    const { metricsPort } = (await issuer.logged('ready')) as { metricsPort: number }
    const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
    assert.match(metrics, /^mayfly_serials_burnt 1$/m)
  } finally {
    assert.equal(await issuer.stopped(), 0)
  }
})

test('issuer: a silent connection open at SIGTERM → the stop does not wait for it', async () => {
  const issuer = new IssuerProcess(configPath)
  const { port } = (await issuer.logged('ready')) as { port: number }
  const silent = connect(port, '127.0.0.1')
  await once(silent, 'connect')
  silent.on('error', () => undefined)
  assert.equal(await issuer.stopped(), 0)
  silent.destroy()
})

test('issuer: the file is changed → a good one is in use, with a mistake the old goes on; SIGHUP → a new bundle too', async () => {
  const issuer = new IssuerProcess(configPath)
  try {
    const { port } = (await issuer.logged('ready')) as { port: number }
    const good = await readFile(configPath, 'utf8')
    await appendFile(configPath, 'issuing: { lifetime: 48h }\n')
    const refused = await issuer.logged('not reloaded')
    assert.match(JSON.stringify(refused.err), /issuer\.yaml:\d+:\d+: issuing\.lifetime/)
    assert.equal((await ask(port, ca, { method: 'GET', path: '/readyz' })).status, 200)

    await writeFile(
      configPath,
      `${good}issuing: { lifetime: 60s, cycle: 20s }\nsweep: { cron: '*/10 * * * * *' }\n`,
    )
    assert.equal((await issuer.logged('reloaded')).bundleSequence, 1)
    const admin = adminClient(join(folder, 'state/admin.sock'))
    const order = { identity: 'web-2', profile: 'server', names: ['dns:web-2.test'] } as const
    const { certificate } = await enrolled({ port, ca }, (await admin.createToken(order)).token)
    const lifeMs = certificate.notAfter - certificate.notBefore
    assert.ok(lifeMs <= (60 + 300 + 1) * 1_000, `lives ${lifeMs} ms`)

    await ceremony(join(folder, 'state'), root, undefined, 2)
    const before = issuer.lines.length
    issuer.child.kill('SIGHUP')
    assert.equal((await issuer.logged('reloaded', before)).bundleSequence, 2)
    await writeFile(configPath, good)
  } finally {
    assert.equal(await issuer.stopped(), 0)
  }
})

test('issuer: the file is changed while it starts → heeded all the same', { timeout: 60_000 }, async () => {
  const good = await readFile(configPath, 'utf8')
  const issuer = new IssuerProcess(configPath)
  try {
    // The store is open, so the configuration was read; the key is not deciphered, so the file is not watched yet.
    while (!existsSync(join(folder, 'state/store.sqlite-wal'))) await nextTurn()
    await appendFile(configPath, 'issuing: { lifetime: 48h }\n')
    assert.match(JSON.stringify((await issuer.logged('not reloaded')).err), /issuing\.lifetime/)
  } finally {
    await writeFile(configPath, good)
    assert.equal(await issuer.stopped(), 0)
  }
})

test('issuer: under systemd → tells ready, beats for the watchdog, tells stopping', async () => {
  const socket = join(folder, 'notify')
  // Node has no datagram sockets of the Unix kind.
  const listener = spawn('python3', ['-u', '-c', datagramListener, socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const told = createInterface({ input: listener.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<string> => String((await told.next()).value)
  try {
    assert.equal(await next(), 'listening')
    const issuer = new IssuerProcess(configPath, { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '60000000' })
    assert.match(await next(), /READY=1/)
    assert.match(await next(), /STATUS=Issuing as https/)
    assert.match(await next(), /WATCHDOG=1/)
    assert.equal(await issuer.stopped(), 0)
    assert.match(await next(), /STOPPING=1/)
  } finally {
    listener.kill('SIGKILL')
  }
})

test('issuer: others can read the passphrase → does not start, and says what to do', async () => {
  await chmod(join(folder, 'passphrase'), 0o644)
  const issuer = new IssuerProcess(configPath)
  await once(issuer.child, 'exit')
  assert.notEqual(issuer.child.exitCode, 0)
  assert.match(issuer.errors, /chmod 600/)
  assert.ok(!issuer.errors.includes(passphrase))
  await chmod(join(folder, 'passphrase'), 0o600)
})

test('issuer: the thread that serves callers ends again and again → the issuer stops, and says so with its exit code', async () => {
  const crashing = join(folder, 'crash.mjs')
  const text = `
    import { isMainThread, workerData } from 'node:worker_threads'
    const crash = () => { throw new Error('gone') }
    const look = () => {
      if (process.getActiveResourcesInfo().includes('TCPServerWrap')) setTimeout(crash, 50)
      else setTimeout(look, 10)
    }
    if (!isMainThread && workerData?.faces) look()`
  await writeFile(crashing, text)
  const failing = new IssuerProcess(configPath, { NODE_OPTIONS: `--import ${crashing}` })
  try {
    await once(failing.child, 'exit')
    assert.notEqual(failing.child.exitCode, 0)
    assert.ok(
      failing.records().some(({ level, msg }) => level === 'fatal' && /a part has ended/.test(String(msg))),
    )
    assert.equal(failing.records().at(-1)?.msg, 'stopped')
    assert.match(failing.errors, /thread that serves callers has ended/)
  } finally {
    await failing.killed()
  }
})
