import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { runIssuer } from '../support/running-issuer.ts'
import { startDaemon } from '../support/start-daemon.ts'

test('issuer backup and restore: while it runs, and only while it does not; the status says so', async (context) => {
  const running = await runIssuer(context)
  const { ask, config, state, daemon } = running
  const out = join(state, '..', 'issuer.backup')
  assert.equal((await ask('identity', 'add', 'web-1', '--name', 'dns:web-1.example')).exitCode, 0)
  assert.equal((await ask('issuer', 'backup', '--out', out)).path, out as never)
  assert.equal((await ask('issuer', 'backup', '--out', out)).code, 'file-exists')
  await ask('identity', 'suspend', 'web-1')
  assert.equal((await ask('issuer', 'restore', out, '--yes')).code, 'already-running')
  await daemon.stop()
  assert.equal((await ask('issuer', 'restore', out)).code, 'usage')
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
})
