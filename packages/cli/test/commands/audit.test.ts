import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { mayfly } from '../support/run-mayfly.ts'
import { runIssuer } from '../support/running-issuer.ts'
import { startDaemon } from '../support/start-daemon.ts'

const { ask, config, state } = await runIssuer({ after })

test('audit tail: a new record → shown as it comes, until interrupted', async (context) => {
  const tail = startDaemon(['audit', 'tail', '--lines', '1', '--config', config], context)
  await ask('identity', 'add', 'web-9', '--name', 'dns:web-9.example')
  await tail.logged('identity.add done web-9')
})

/** The last: it forges a record. */
test('audit commands: whole, exported with the hash of each line, shown line by line', async () => {
  for (const name of ['web-1', 'web-2']) await ask('identity', 'add', name, '--name', `dns:${name}.example`)
  const verified = await ask('audit', 'verify')
  assert.deepEqual([verified.exitCode, verified.first], [0, 1])
  assert.ok(Number(verified.last) >= 3)

  const all = await mayfly(['audit', 'export', '--config', config])
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

  const tail = await mayfly(['audit', 'tail', '--lines', '1', '--no-follow', '--config', config])
  assert.match(tail.stdout, /^\d+ \S+ identity\.add done web-2 by admin from local\n$/)

  const database = new DatabaseSync(join(state, 'store.sqlite'))
  database.exec("UPDATE audit SET text = replace(text, 'web-1', 'web-3') WHERE text LIKE '%web-1%'")
  database.close()
  const forged = await ask('audit', 'verify')
  assert.deepEqual([forged.exitCode, forged.code], [3, 'store-invalid'])
})
