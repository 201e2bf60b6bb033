import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { encodeTrustBundlePem, type KeyPair } from '@mayfly/ca-core'
import { openSqliteStore } from '@mayfly/issuer-daemon'
import { type AdminClient, adminClient } from '@mayfly/issuer-daemon/administration'
import { systemClock } from '@mayfly/platform'
import { type Answered, ask } from '../../packages/issuer-daemon/test/support/https-caller.ts'
import { IssuerProcess } from '../../packages/issuer-daemon/test/support/issuer-process.ts'
import {
  ceremony,
  makeRoot,
  writeConfiguration,
} from '../../packages/issuer-daemon/test/support/live-issuer.ts'
import {
  enrolled,
  type Held,
  heldFrom,
  newKey,
  postRequest,
  signedRequest,
} from '../../packages/issuer-daemon/test/support/test-host.ts'
import { type FaultyCalls, injectFault } from '../support/faults/faulty-calls.ts'
import { withoutPackages } from '../support/missing-programs.ts'
import { until } from '../support/servers/started-server.ts'

const requestsInFault = 6
const sweepsInFault = 2
const waitMs = 30_000
/** Of one write; a request has two or three. */
const slowWriteMs = 700
/** Looks at an issuer that is free take milliseconds: many go into one slow write, and none where it is held up. */
const looksInSlowWritesMin = 20

/** Hardly more than the sweep at the start, until the configuration is read again. */
const noSweeps = "sweep: { cron: '0 * * * *' }"
const sweepEachSecond = "sweep: { cron: '* * * * * *' }"

const skip = withoutPackages('strace')

/** The real issuer with its real SQLite store; what the disk answers is injected into its system calls. */
describe('the disk of the store is at fault → nothing is signed or told that is not recorded, and it goes on by itself', {
  timeout: 120_000,
  skip,
}, () => {
  let folder: string
  let configPath: string
  let admin: AdminClient
  let issuer: IssuerProcess
  let ports: { readonly port: number; readonly metricsPort: number }
  let ca: string
  let fault: FaultyCalls | undefined
  let hosts: Held[]

  before(async () => {
    if (skip !== false) return
    folder = await mkdtemp(join(tmpdir(), 'mayfly-failing-'))
    const limit = '{ perMinute: 100000, burst: 5000 }'
    const yaml = `
metrics: { listen: "127.0.0.1:0" }
log: { level: debug }
limits: { identity: ${limit}, address: ${limit} }
${noSweeps}
`
    configPath = await writeConfiguration(folder, yaml)
    const root = await makeRoot()
    await ceremony(join(folder, 'state'), root)
    ca = encodeTrustBundlePem({ sequence: 1, trustDomain: 'x', roots: [root.certificate], distrusted: [] })
    admin = adminClient(join(folder, 'state/admin.sock'))
    await start()
    hosts = await Promise.all(
      ['web-0', 'web-1', 'web-2', 'web-3', 'web-4'].map(async (identity) => {
        const names = [`dns:${identity}.test`]
        return enrolled(wire(), (await admin.createToken({ identity, profile: 'server', names })).token)
      }),
    )
  })
  after(async () => {
    await fault?.end()
    await issuer?.killed()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  })

  async function start(): Promise<void> {
    issuer = new IssuerProcess(configPath)
    ports = (await issuer.logged('ready')) as typeof ports
  }

  const wire = () => ({ port: ports.port, ca })
  const storePath = () => join(folder, 'state/store.sqlite')
  const hostAt = (index: number): Held => hosts[index] ?? assert.fail('there is no such host')

  async function askFor(next: KeyPair, index = 0, immediate = true): Promise<Answered> {
    return postRequest(wire(), await signedRequest(hostAt(index), { next, immediate }))
  }

  /** Puts the certificate of an answer to use. */
  async function renew(next: KeyPair, index = 0): Promise<Held> {
    const answer = await askFor(next, index)
    assert.equal(answer.status, 200, answer.text)
    const held = heldFrom(answer, next)
    hosts[index] = held
    return held
  }

  /**
   * Lets every sync fail but the first of each thread, which is the intent's. After a slow write the next one is another
   * thread's, on a busy machine the record's too: then nothing fails. Where the sweep of that second writes first, the
   * intent fails. In both cases it is tried again with another key.
   */
  async function refusedAfterIntent(): Promise<{
    next: KeyPair
    refusal: Answered
    before: number
    failing: FaultyCalls
  }> {
    for (;;) {
      await renew(await newKey())
      const before = signatures()
      const failing = await injectFault(issuer.pid, 'fsync,fdatasync:error=EIO:when=2+')
      fault = failing
      const next = await newKey()
      const answer = await askFor(next)
      if (answer.status !== 200 && signatures() > before) return { next, refusal: answer, before, failing }
      if (answer.status === 200) hosts[0] = heldFrom(answer, next)
      await assertRecovering(next)
    }
  }

  /** Signatures of certificates so far, as the issuer tells of each. */
  function signatures(): number {
    const counts = issuer.records().filter(({ step }) => step === 'signed')
    return counts.reduce((sum, { count }) => sum + Number(count), 0)
  }

  const sweepsStopped = (): number =>
    issuer.records().filter(({ msg, stopped }) => msg === 'swept' && codeOf(stopped) === 'store-unavailable')
      .length

  /** Of `stopped` in the line of a sweep. */
  function codeOf(stopped: unknown): string | undefined {
    return (stopped as { code: string } | undefined)?.code
  }

  async function metrics(): Promise<string> {
    return (await fetch(`http://127.0.0.1:${ports.metricsPort}/metrics`)).text()
  }

  /** Every way in is closed, whoever can look is told, and nobody signs on. */
  async function assertRefusing(next: KeyPair): Promise<void> {
    const before = signatures()
    const answers = await Promise.all(Array.from({ length: requestsInFault }, () => askFor(next)))
    for (const { status, headers, json } of answers) {
      assert.equal(status, 503)
      assert.equal((json as { code: string }).code, 'store-unavailable')
      assert.match(String(headers['retry-after']), /^[1-9]\d*$/)
    }
    const sweeps = sweepsStopped()
    await until(() => sweepsStopped() >= sweeps + sweepsInFault, 'sweeps that meet the fault', waitMs)
    assert.equal(signatures(), before)
    const { alarms } = await admin.status()
    const told = alarms.find(({ because }) => because === 'store-unavailable')
    assert.match(told?.message ?? '', /Nothing is issued since .*cannot be written.*check the disk/)
    assert.match(await metrics(), /^mayfly_store_writable 0$/m)
    assert.match(await metrics(), /^mayfly_alarms\{because="store-unavailable"\} 1$/m)
    assert.equal((await ask(ports.port, ca, { method: 'GET', path: '/readyz' })).status, 503)
  }

  /** The cause is gone, and nobody has done anything else. */
  async function assertRecovering(next: KeyPair): Promise<void> {
    await fault?.end()
    fault = undefined
    await until(async () => (await askFor(next)).status === 200, 'a certificate again', waitMs)
    await renew(next)
    await until(async () => (await admin.status()).counts?.staged === 0, 'the keys that were due', waitMs)
    await until(async () => (await admin.status()).alarms.length === 0, 'the end of the alarms', waitMs)
    assert.match(await metrics(), /^mayfly_store_writable 1$/m)
  }

  /** As if half of the certificates' life had passed. */
  function makeStagedDue(): void {
    const database = new DatabaseSync(storePath())
    const { changes } = database
      .prepare('UPDATE identity SET mint_at = ? WHERE mint_at IS NOT NULL')
      .run(Math.floor(systemClock.now()))
    database.close()
    assert.equal(changes, 2)
  }

  it('fsync fails (EIO) → 503, no signature, told; then all goes on', async () => {
    for (const index of [1, 2]) assert.equal((await askFor(await newKey(), index, false)).status, 202)
    makeStagedDue()
    fault = await injectFault(issuer.pid, 'fsync,fdatasync:error=EIO')
    assert.equal((await askFor(await newKey())).status, 503)
    const isTold = async () => (await metrics()).includes('mayfly_alarms{because="store-unavailable"} 1')
    await until(isTold, 'the alarm, which waits for no sweep', waitMs)
    await writeFile(configPath, (await readFile(configPath, 'utf8')).replace(noSweeps, sweepEachSecond))
    issuer.child.kill('SIGHUP')
    const next = await newKey()
    await assertRefusing(next)
    await assertRecovering(next)
  })

  it('a read-only or full disk leads to endless issuance: read-only (EROFS) → the same', async () => {
    fault = await injectFault(issuer.pid, 'pwrite64:error=EROFS')
    const next = await newKey()
    await assertRefusing(next)
    await assertRecovering(next)
  })

  it('slow → requests get their certificates, and everyone else is answered meanwhile', async () => {
    fault = await injectFault(issuer.pid, `fsync,fdatasync:delay_enter=${slowWriteMs * 1_000}`)
    // Nobody knows before the first slow write that the disk is slow.
    await renew(await newKey())
    let isAnswered = false
    // One after the other: what comes together is written by the thread on any disk.
    const askEach = async () => {
      for (const index of [0, 3]) await renew(await newKey(), index)
    }
    const answered = askEach().finally(() => {
      isAnswered = true
    })
    let looks = 0
    for (; !isAnswered; looks++) {
      const { status } = await ask(ports.port, ca, { method: 'GET', path: '/healthz' })
      assert.equal(status, 200)
    }
    await answered
    assert.ok(looks >= looksInSlowWritesMin, `only ${looks} looks were answered`)
    await fault.end()
    fault = undefined
  })

  it('fsync fails between intent and record, and the process is killed → one signature, and one certificate in the end', async () => {
    const { next, refusal, before, failing } = await refusedAfterIntent()
    for (const { status, headers } of [refusal, await askFor(next)]) {
      assert.equal(status, 503)
      assert.match(String(headers['retry-after']), /^[1-9]\d*$/)
    }
    assert.equal(signatures(), before + 1)
    await issuer.killed()
    await failing.end()
    fault = undefined

    await start()
    const { certificate } = await renew(next)
    assert.equal(await issuer.stopped(), 0)
    const store = await openSqliteStore({ path: storePath() })
    try {
      for (const { serial } of [certificate, ...hosts.map((host) => host.certificate)]) {
        assert.ok(await store.certificate({ serial }), 'every certificate that was told is recorded')
      }
      assert.equal((await store.certificate({ keyHash: next.publicKey.hash }))?.serial, certificate.serial)
      assert.deepEqual(await store.pendingIntents({ intendedBefore: systemClock.now() + 1, limit: 10 }), [])
    } finally {
      await store.close()
    }
  })
})
