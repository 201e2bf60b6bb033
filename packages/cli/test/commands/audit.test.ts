import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { createRoot, dayMs, generateKeyPair, keySigner, signAuditHead } from '@mayfly/ca-core'
import { systemClock, systemRandom } from '@mayfly/platform'
import { assertJsonShape } from '../support/json-shape.ts'
import { mayfly, mayflyCommand, run, temporaryFolder } from '../support/run-mayfly.ts'
import { runIssuer } from '../support/running-issuer.ts'
import { startDaemon } from '../support/start-daemon.ts'

const { ask, config, state } = await runIssuer({ after })

test('audit tail: a new record → shown as it comes, until interrupted', async (context) => {
  const tail = startDaemon(['audit', 'tail', '--lines', '1', '--config', config], context)
  await ask('identity', 'add', 'web-9', '--name', 'dns:web-9.example')
  await tail.logged('identity.add done web-9')
})

test('audit tail: its reader goes, and no record comes → it ends at once, as by SIGPIPE', {
  timeout: 30_000,
}, async () => {
  await ask('identity', 'add', 'web-8', '--name', 'dns:web-8.example')
  const script = '"$@" | { read -r line; echo "$line"; }; echo "$PIPESTATUS"'
  const tail = ['audit', 'tail', '--lines', '1', '--json', '--config', config]
  const { stdout } = await run(['bash', '-c', script, 'bash', ...mayflyCommand, ...tail])
  const [line = '', exitCode] = stdout.split('\n')
  assertJsonShape(tail, line)
  assert.match(line, /identity\.add.*web-8/)
  assert.equal(exitCode, '141')
})

interface ToldRecord {
  readonly number: number
  readonly hash: string
  readonly text: string
}

/** An issuer that has only this to say of its audit. */
async function answering(end: object, records: readonly ToldRecord[], folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://issuer')
    const after = Number(searchParams.get('afterNumber') ?? 0)
    const limit = Number(searchParams.get('limit') ?? 1_000)
    const page = records.filter(({ number }) => number > after).slice(0, limit)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(pathname === '/admin/audit/end' ? end : { records: page }))
  })
  server.listen(join(folder, 'stub.sock'))
  await once(server, 'listening')
  return server
}

test('audit verify: an end that no authority of the issuer signed, or the beginning or the end is gone → not whole', async (context) => {
  const folder = await temporaryFolder(context)
  const keyPair = await generateKeyPair('ec-p256')
  const now = systemClock.now()
  const certificate = await createRoot({ keyPair, commonName: 'An authority', now, random: systemRandom })
  const signer = keySigner(keyPair)
  const anchor = { number: 5, hash: 'ab'.repeat(32), text: '' }
  const headAt = (number: number, hash: string, at = now) =>
    signAuditHead({ number, hash, at, trustDomain: 'corp.example' }, { certificate, signer })
  const verify = async (end: object, head: object) => {
    const file = join(folder, 'head.json')
    await writeFile(file, JSON.stringify(head))
    const server = await answering({ number: 5, hash: anchor.hash, ...end }, [anchor], folder)
    try {
      const socket = join(folder, 'stub.sock')
      return await mayfly(['audit', 'verify', '--head', file, '--socket', socket, '--json'])
    } finally {
      server.close()
      await once(server, 'close')
    }
  }
  const signed = await headAt(5, anchor.hash)
  const pem = certificate.pem
  assert.equal((await verify({ signed, signedBy: pem }, signed)).exitCode, 0)
  assert.match((await verify({ signed }, signed)).stderr, /signed by no authority of this issuer/)
  const young = await headAt(3, anchor.hash)
  assert.match((await verify({ signed, signedBy: pem }, young)).stderr, /up to record 3.*is not there/)
  const old = await headAt(3, anchor.hash, now - 40 * dayMs)
  assert.equal((await verify({ signed, signedBy: pem }, old)).exitCode, 0)
  const shorter = await verify({ number: 6, signed, signedBy: pem }, signed)
  assert.match(shorter.stderr, /The history ends at 5; it had 6 records\./)
  const rewritten = await headAt(5, 'cd'.repeat(32))
  for (const [end, head] of [
    [signed, rewritten],
    // As an agent keeps it.
    [signed, { generation: 7, auditHead: rewritten }],
    [rewritten, signed],
  ] as const) {
    const { stderr } = await verify({ signed: end, signedBy: pem }, head)
    assert.match(stderr, /goes up to record 5, and that record says something else/)
  }
})

test('audit export and tail: of a long history, pruned, with a name that would paint over the line', async (context) => {
  const folder = await temporaryFolder(context)
  const hash = 'ab'.repeat(32)
  const record = { at: '2026-01-15T12:00:00.000Z', requestId: 'r', action: 'request', outcome: 'refused' }
  const textOf = (number: number) =>
    JSON.stringify({
      ...{ ...record, actor: { kind: 'token', jti: 'j', identity: `web-${number}` } },
      ...(number === 1_201 && { identity: 'evil\u001b[2K\r\nname\u202e' }),
    })
  const records = Array.from({ length: 1_202 }, (_, number) => ({
    ...{ number, hash },
    text: number === 1 ? '' : textOf(number),
  })).slice(1)
  const server = await answering({ number: 1_201, hash }, records, folder)
  context.after(() => server.close())
  const at = ['--socket', join(folder, 'stub.sock')]
  const lines = (text: string) => text.split('\n').slice(0, -1)
  const all = await mayfly(['audit', 'export', ...at])
  assert.deepEqual(
    lines(all.stdout).map((line) => (JSON.parse(line) as { number: number }).number),
    records.slice(1).map(({ number }) => number),
  )
  const ofOne = await mayfly(['audit', 'export', '--identity', 'web-1200', ...at])
  assert.deepEqual(lines(ofOne.stdout), [`{"number":1200,"hash":"${hash}","record":${textOf(1_200)}}`])
  const tail = await mayfly(['audit', 'tail', '--lines', '2000', '--no-follow', ...at])
  assert.equal(lines(tail.stdout).length, records.length - 1)
  assert.match(lines(tail.stdout).at(-1) ?? '', /^1201 \S+ request refused evil[\x20-\x7e]+ by token$/)
})

/** The last: it forges a record. */
test('audit commands: whole, exported with the hash of each line, shown line by line', async (context) => {
  for (const name of ['web-1', 'web-2']) await ask('identity', 'add', name, '--name', `dns:${name}.example`)
  const verified = await ask('audit', 'verify')
  assert.deepEqual([verified.exitCode, verified.first], [0, 1])
  assert.ok(Number(verified.last) >= 3)

  const all = await mayfly(['audit', 'export', '--json', '--config', config])
  const lines = all.stdout.trimEnd().split('\n')
  assert.equal(lines.length, Number(verified.last))
  let previous: Uint8Array = new Uint8Array(32)
  for (const line of lines) {
    const { hash } = JSON.parse(line) as { hash: string }
    const text = line.slice(line.indexOf('"record":') + '"record":'.length, -1)
    previous = createHash('sha256').update(previous).update(text).digest()
    assert.equal(Buffer.from(previous).toString('hex'), hash)
  }
  const ofOne = await mayfly(['audit', 'export', '--identity', 'web-2', '--since', '1h', '--config', config])
  assert.match(
    ofOne.stdout,
    /^{"number":\d+,"hash":"[0-9a-f]{64}","record":{"action":"identity.add".*"identity":"web-2".*\n$/,
  )
  assert.equal((await mayfly(['audit', 'export', '--since', '2999-01-01', '--config', config])).stdout, '')
  assert.equal((await mayfly(['audit', 'export', '--since', 'noon', '--config', config])).exitCode, 2)

  const declared = join(await temporaryFolder(context), 'identities.yaml')
  await writeFile(declared, 'identities: {}\n')
  await ask('identity', 'apply', '--dry-run', '-f', declared)
  const dry = await mayfly(['audit', 'tail', '--lines', '1', '--no-follow', '--config', config])
  assert.match(dry.stdout, /^\d+ \S+ identity\.apply done - by admin from local \(dry run\)\n$/)
  const tail = await mayfly(['audit', 'tail', '--lines', '2', '--no-follow', '--config', config])
  assert.match(tail.stdout, /^\d+ \S+ identity\.add done web-2 by admin from local\n/)

  const database = new DatabaseSync(join(state, 'store.sqlite'))
  database.exec("UPDATE audit SET text = replace(text, 'web-1', 'web-3') WHERE text LIKE '%web-1%'")
  database.close()
  const forged = await ask('audit', 'verify')
  assert.deepEqual([forged.exitCode, forged.code], [3, 'store-invalid'])
})
