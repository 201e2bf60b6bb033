import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMayflyError } from '@mayfly/ca-core'
import { FakeProcessRunner } from '../../../../test/fakes/fake-process-runner.ts'
import { MemoryFileSystem } from '../../../../test/fakes/memory-file-system.ts'
import { prepareServer } from '../../src/servers/prepare-server.ts'
import type { ReloadConfiguration } from '../../src/servers/reload-configuration.ts'
import type { ServerControl } from '../../src/servers/server-control.ts'

const context = { liveFolder: '/etc/mayfly/live/web', generationFolder: '/etc/mayfly/archive/web/0007' }

function world(): { runner: FakeProcessRunner; control(configuration: ReloadConfiguration): ServerControl } {
  const [runner, fileSystem] = [new FakeProcessRunner(), new MemoryFileSystem()]
  return {
    runner,
    control: (configuration) => prepareServer(configuration, { fileSystem, processRunner: runner }),
  }
}

for (const [failure, because] of [
  ["ERROR 2002 (HY000): Can't connect to local server through socket '/run/m.sock' (2)", 'server-down'],
  ["ERROR 2002 (HY000): Can't connect to server on '127.0.0.1' (111)", 'server-down'],
  ["ERROR 2002 (HY000): Can't connect to local server through socket '/run/m.sock' (13)", undefined],
  ["ERROR 1045 (28000): Access denied for user 'x'@'localhost'", undefined],
] as const) {
  test(`mariadb: ${failure} → ${because ?? 'another failure'}`, async () => {
    const { runner, control } = world()
    runner.program('mariadb', () => ({ exitCode: 1, stderr: `${failure}\n` }))
    await assert.rejects(control({ preset: 'mariadb' }).ready(context), (error) => {
      assert.ok(isMayflyError(error, 'reload-failed'), String(error))
      assert.ok(error.message.includes(failure.slice(failure.indexOf(': ') + 2)), error.message)
      assert.equal(error.details.because, because)
      return true
    })
  })
}

test('caddy: its log of progress is left out of what it says is wrong', async () => {
  const { runner, control } = world()
  const progress = '{"level":"info","ts":1795405539.28,"msg":"using provided configuration"}'
  runner.program('caddy', () => ({ exitCode: 1, stderr: `${progress}\nError: Caddyfile:4: nonsense\n` }))
  const check = control({ preset: 'caddy' }).check(context)
  await assert.rejects(check, (error) => {
    assert.ok(isMayflyError(error, 'check-failed'), String(error))
    assert.match(error.message, /exited with 1: Error: Caddyfile:4: nonsense$/)
    return true
  })
})

test('a server without a test of its own, or with none configured, is known as untested', async () => {
  const { control } = world()
  const pidFile = '/run/nginx.pid'
  assert.equal(control({ preset: 'stunnel', pidFile }).untested, true)
  assert.equal(control({ preset: 'signal', pidFile, signal: 'SIGHUP' }).untested, true)
  assert.equal(control({ preset: 'signal', pidFile, signal: 'SIGHUP', check: ['true'] }).untested, false)
  assert.equal(control({ preset: 'haproxy' }).untested, true)
  assert.equal(control({ preset: 'haproxy', configuration: '/etc/haproxy/haproxy.cfg' }).untested, false)
  assert.ok(control({ preset: 'nginx' }).untested !== true)
})
