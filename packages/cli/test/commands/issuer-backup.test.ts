import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { mayfly } from '../support/run-mayfly.ts'
import { type RunningIssuer, runIssuer } from '../support/running-issuer.ts'
import { startDaemon } from '../support/start-daemon.ts'

test('issuer backup and restore: while it runs, and only while it does not; the status says so', async (context) => {
  const running = await runIssuer(context)
  const { ask, config, state, daemon } = running
  const out = join(state, '..', 'issuer.backup')
  assert.equal((await ask('identity', 'add', 'web-1', '--name', 'dns:web-1.example')).exitCode, 0)
  assert.equal((await ask('issuer', 'backup', '--out', out)).path, out as never)
  assert.equal((await ask('issuer', 'backup', '--out', out)).code, 'file-exists')
  const nowhere = await mayfly(['issuer', 'backup', '--out', '/nowhere/x', '--config', config])
  assert.equal(nowhere.stderr, 'mayfly: /nowhere/x: there is no such file or folder (file-missing)\n')
  await ask('identity', 'suspend', 'web-1')
  await ask('identity', 'add', 'web-2', '--name', 'dns:web-2.example')
  assert.equal((await ask('issuer', 'restore', out, '--yes')).code, 'already-running')
  await daemon.stop()
  const unasked = await mayfly(['issuer', 'restore', out, '--config', config])
  assert.equal(unasked.exitCode, 2)
  assert.match(
    unasked.stderr,
    /^mayfly: There is no terminal to ask on\. To replace .* without a question: add --yes\./,
  )
  // What is not there is told before anybody is asked whether it may take the store's place.
  const missing = await mayfly(['issuer', 'restore', `${out}.old`, '--config', config])
  assert.equal(missing.stderr, `mayfly: There is no backup at ${out}.old. (file-missing)\n`)
  const folder = await mayfly(['issuer', 'restore', state, '--config', config])
  assert.match(folder.stderr, /is a folder; name the file .* \(usage\)\n$/)
  const told = await mayfly(['issuer', 'restore', out, '--yes', '--config', config])
  assert.match(told.stdout, /\bStays suspended +web-1\n/)
  assert.match(told.stdout, /\bWas added since, and is gone +web-2\n/)
  assert.match(told.stdout, /are refused, until you run `mayfly issuer accept-forgotten`/)
  const restored = await ask('issuer', 'restore', out, '--yes')
  assert.deepEqual([restored.exitCode, restored.keptSuspended], [0, ['web-1']])

  const again = startDaemon(['issuer', 'run', '--config', config], context)
  await again.logged('"msg":"ready"')
  const status = await ask('issuer', 'status')
  assert.equal(status.exitCode, 1)
  assert.equal((status.alarms as unknown as { because: string }[])[0]?.because, 'store-restored')
  assert.equal((await ask('identity', 'show', 'web-1')).state, 'suspended' as never)
  assert.equal((await ask('issuer', 'accept-forgotten')).exitCode, 0)
  assert.equal((await ask('issuer', 'acknowledge', 'store-restored')).exitCode, 0)
  assert.equal((await ask('issuer', 'status')).exitCode, 0)
  await again.stop()
  await keptFromStarting(running, context)
})

/** Its store has seen a time that was wrong: it does not start, and nobody could tell it so over its socket. */
async function keptFromStarting({ ask, config, state }: RunningIssuer, context: TestContext): Promise<void> {
  const database = new DatabaseSync(join(state, 'store.sqlite'))
  database.exec('UPDATE head SET newest_instant = newest_instant + 864000000')
  database.close()
  const refused = await mayfly(['issuer', 'run', '--config', config])
  assert.match(refused.stderr, /mayfly issuer accept-clock.*clock-wrong/s)
  assert.equal((await ask('issuer', 'accept-clock')).accepted, true as never)
  const daemon = startDaemon(['issuer', 'run', '--config', config], context)
  await daemon.logged('"msg":"ready"')
  const { stdout } = await mayfly(['audit', 'tail', '--no-follow', '--config', config])
  assert.match(stdout, /clock\.accept done - by admin from local/)
}
