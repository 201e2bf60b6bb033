import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMayflyError, type RunResult } from '@mayfly/ca-core'
import { parseYamlConfiguration } from '@mayfly/platform'
import * as z from 'zod'
import { FakeProcessRunner } from '../../../../test/fakes/fake-process-runner.ts'
import { MemoryFileSystem } from '../../../../test/fakes/memory-file-system.ts'
import { formatsNeededBy, prepareServer } from '../../src/servers/prepare-server.ts'
import { type ReloadConfiguration, reloadSchema } from '../../src/servers/reload-configuration.ts'
import type { ServerControl } from '../../src/servers/server-control.ts'

const context = { liveFolder: '/etc/mayfly/live/web', generationFolder: '/etc/mayfly/archive/web/0007' }

interface World {
  readonly runner: FakeProcessRunner
  readonly files: MemoryFileSystem
  control(configuration: ReloadConfiguration): ServerControl
}

/** Process 4711 is called nginx, and `/run/nginx.pid` names it. */
async function world(): Promise<World> {
  const [runner, files] = [new FakeProcessRunner(), new MemoryFileSystem()]
  await files.makeDirectory('/proc/self', { mode: 0o555 })
  await files.makeDirectory('/proc/4711', { mode: 0o555 })
  await files.createFile('/proc/4711/comm', Buffer.from('nginx\n'), { mode: 0o444 })
  await files.makeDirectory('/run', { mode: 0o755 })
  await files.createFile('/run/nginx.pid', Buffer.from('4711\n'), { mode: 0o644 })
  runner.process(4711)
  return {
    runner,
    files,
    control: (configuration) => prepareServer(configuration, { fileSystem: files, processRunner: runner }),
  }
}

function argvs(runner: FakeProcessRunner): string[] {
  return runner.runs.map(({ argv }) => argv.join(' '))
}

async function refused(
  work: Promise<void>,
  code: 'check-failed' | 'reload-failed',
  message: RegExp,
): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(isMayflyError(error, code), String(error))
    assert.match(error.message, message)
    return true
  })
}

test('nginx: checked with its own test, then sent SIGHUP', async () => {
  const { runner, control } = await world()
  runner.program('nginx')
  const server = control({ preset: 'nginx', configuration: '/srv/nginx.conf' })
  await server.ready(context)
  await server.check(context)
  await server.reload(context)
  assert.deepEqual(argvs(runner), ['nginx -t -q -c /srv/nginx.conf'])
  assert.deepEqual(runner.signals, [{ pid: 4711, signal: 'SIGHUP' }])
})

/** Process 4711 ends at the signal; systemd knows it by its control group as `unit`, if it does. */
async function fallenWorld(
  unit: string | undefined,
  activeState: string,
  commandLine = 'nginx\0-c\0/srv/n.conf\0',
) {
  const { runner, files, control } = await world()
  const cgroup = unit === undefined ? '0::/user.slice/session-1.scope\n' : `0::/system.slice/${unit}\n`
  await files.createFile('/proc/4711/cgroup', Buffer.from(cgroup), { mode: 0o444 })
  await files.createFile('/proc/4711/cmdline', Buffer.from(commandLine), { mode: 0o444 })
  runner.program('systemctl', (argv) => (argv[1] === 'show' ? { stdout: `${activeState}\n` } : {}))
  const server = control({ preset: 'nginx' })
  await server.reload(context)
  assert.equal(await server.ended?.(), undefined, 'it lives')
  await files.remove('/proc/4711')
  return { runner, files, server, sentence: await server.ended?.() }
}

test('a server that ends at its reload: told with what starts it, and its unit is started, once', async () => {
  const { runner, server, sentence } = await fallenWorld('nginx.service', 'failed')
  assert.match(
    sentence ?? '',
    /^nginx \(process 4711\) has ended at the reload, .* Start it: systemctl start nginx\.service\.$/,
  )
  await server.reload(context)
  assert.deepEqual(argvs(runner).slice(-1), ['systemctl start nginx.service'])
  await refused(server.reload(context), 'reload-failed', /Start it: systemctl start nginx\.service/)
  assert.equal(argvs(runner).filter((argv) => argv.startsWith('systemctl start')).length, 1)
})

test('a server that ends at its reload, and runs again: reloaded as ever', async () => {
  const { runner, files, server } = await fallenWorld('nginx.service', 'failed')
  await files.makeDirectory('/proc/4712', { mode: 0o555 })
  await files.createFile('/proc/4712/comm', Buffer.from('nginx\n'), { mode: 0o444 })
  await files.replaceFile('/run/nginx.pid', Buffer.from('4712'), { mode: 0o644 })
  runner.process(4712)
  assert.equal(await server.ended?.(), undefined)
  await server.reload(context)
  assert.deepEqual(runner.signals.at(-1), { pid: 4712, signal: 'SIGHUP' })
})

for (const [name, line, command] of [
  ['as nginx shows itself', 'nginx: master process nginx -c /srv/n.conf\0\0\0', 'nginx -c /srv/n\\.conf'],
  [
    'of options with files',
    'nginx\0-D\0FOREGROUND\0-c\0/srv/n.conf\0--prefix=/srv\0',
    'nginx -D FOREGROUND -c /srv/n\\.conf --prefix=/srv',
  ],
  ['longer than anybody types', `nginx\0${'-c\0/srv/n.conf\0'.repeat(20)}`, 'as it was started before'],
  ['with a password', 'served\0--password\0hunter2\0', 'as it was started before'],
  ['with a password in an option', 'served\0--password=hunter2\0', 'as it was started before'],
  ['with a password behind a letter', 'served\0-phunter2\0', 'as it was started before'],
  ['with a password in a URL', 'served\0https://me:hunter2@host/\0', 'as it was started before'],
  ['not to be read', '', 'as it was started before'],
] as const) {
  test(`a server that ends as it is reloaded, with a command line ${name}: told with what can be typed`, async () => {
    const { sentence } = await fallenWorld(undefined, '', line)
    assert.match(sentence ?? '', new RegExp(`Start it: ${command}\\.$`))
  })
}

for (const [name, unit, activeState, command] of [
  ['somebody has stopped its unit', 'nginx.service', 'inactive', 'systemctl start nginx.service'],
  ['it has no unit', undefined, '', 'nginx -c /srv/n.conf'],
  ["it is in the agent's own unit", 'mayfly-agent.service', 'active', 'nginx -c /srv/n.conf'],
] as const) {
  test(`a server that ends as it is reloaded, and ${name}: not started, and the command is told`, async () => {
    const { runner, server } = await fallenWorld(unit, activeState)
    await refused(server.reload(context), 'reload-failed', new RegExp(`Start it: ${command}\\.`))
    assert.ok(!argvs(runner).some((argv) => argv.startsWith('systemctl start')))
  })
}

test('nginx: with a unit → reloaded through systemd', async () => {
  const { runner, control } = await world()
  runner.program('systemctl', () => ({ stdout: 'LoadState=loaded\nActiveState=active\nCanReload=yes\n' }))
  const server = control({ preset: 'nginx', unit: 'nginx.service' })
  await server.ready(context)
  await server.reload(context)
  assert.deepEqual(argvs(runner), [
    'systemctl show --property=LoadState,ActiveState,CanReload nginx.service',
    'systemctl reload nginx.service',
  ])
  assert.deepEqual(runner.signals, [])
})

test('pid file: left by a server that has gone → nobody is signalled', async () => {
  const { runner, files, control } = await world()
  await files.replaceFile('/run/nginx.pid', Buffer.from('99'), { mode: 0o644 })
  await refused(
    control({ preset: 'nginx' }).reload(context),
    'reload-failed',
    /names process 99, which does not run/,
  )
  assert.deepEqual(runner.signals, [])
})

test('pid file: another program has the number now → nobody is signalled', async () => {
  const { runner, files, control } = await world()
  await files.replaceFile('/proc/4711/comm', Buffer.from('sshd\n'), { mode: 0o444 })
  await refused(control({ preset: 'nginx' }).reload(context), 'reload-failed', /which is sshd and not nginx/)
  assert.deepEqual(runner.signals, [])
})

for (const content of ['', '0', '1', '-1', '4711x', 'nginx']) {
  test(`pid file: holds ${JSON.stringify(content)} → nobody is signalled`, async () => {
    const { runner, files, control } = await world()
    await files.replaceFile('/run/nginx.pid', Buffer.from(content), { mode: 0o644 })
    await refused(control({ preset: 'nginx' }).reload(context), 'reload-failed', /holds no process id/)
    assert.deepEqual(runner.signals, [])
  })
}

test('pid file: missing → the server is down', async () => {
  const { control } = await world()
  const server = control({ preset: 'signal', pidFile: '/run/other.pid', signal: 'SIGUSR1' })
  await assert.rejects(server.ready(context), (error) => {
    assert.ok(isMayflyError(error, 'reload-failed'))
    assert.equal(error.details.because, 'server-down')
    return true
  })
})

test('signal: any of the allowed ones', async () => {
  const { runner, control } = await world()
  await control({ preset: 'signal', pidFile: '/run/nginx.pid', signal: 'SIGUSR2' }).reload(context)
  assert.deepEqual(runner.signals, [{ pid: 4711, signal: 'SIGUSR2' }])
})

test('command: an argument list, with the folders in its environment', async () => {
  const { runner, control } = await world()
  runner.program('/usr/local/bin/load').program('/usr/local/bin/try')
  const server = control({
    preset: 'command',
    command: ['/usr/local/bin/load', 'a b'],
    check: ['/usr/local/bin/try'],
  })
  await server.check(context)
  await server.reload(context)
  assert.deepEqual(
    runner.runs.map(({ argv }) => argv),
    [['/usr/local/bin/try'], ['/usr/local/bin/load', 'a b']],
  )
  assert.deepEqual(runner.runs[1]?.options.env, {
    MAYFLY_LIVE_FOLDER: '/etc/mayfly/live/web',
    MAYFLY_GENERATION_FOLDER: '/etc/mayfly/archive/web/0007',
  })
})

const failures: Record<string, { result: Partial<RunResult>; message: RegExp }> = {
  'exits with 1': {
    result: { exitCode: 1, stderr: 'bad line 7\n' },
    message: /^\/load 'it' exited with 1: bad line 7$/,
  },
  'prints several lines': {
    result: { exitCode: 1, stderr: 'bad line 7\r\n\n  test failed\n', stdout: 'of it.conf\n' },
    message: /exited with 1: bad line 7; test failed; of it\.conf$/,
  },
  hangs: { result: { timedOut: true }, message: /did not end within 30 s\.$/ },
}

for (const [how, { result, message }] of Object.entries(failures)) {
  test(`command: ${how} → reload-failed, with what it printed`, async () => {
    const { runner, control } = await world()
    runner.program('/load', () => result)
    const server = control({ preset: 'command', command: ['/load', 'it'] })
    await refused(server.reload(context), 'reload-failed', new RegExp(message.source.replace("'it'", 'it')))
  })
}

test('command: its program is missing, or may not be run → told before the first rotation', async () => {
  const { files, control } = await world()
  const server = control({ preset: 'command', command: ['/srv/load', 'it'], check: ['true'] })
  await refused(server.ready(context), 'reload-failed', /\/srv\/load is not there\. Put it there/)
  await files.makeDirectory('/srv', { mode: 0o755 })
  await files.createFile('/srv/load', Buffer.from('#!/bin/sh\n'), { mode: 0o644 })
  await refused(server.ready(context), 'reload-failed', /is no program that may be run/)
  await files.setAccess('/srv/load', { mode: 0o755 })
  await server.ready(context)
})

const grants: Record<string, boolean> = {
  'GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION': true,
  'GRANT RELOAD ON *.* TO `mayfly`@`localhost`': true,
  'GRANT SELECT, RELOAD, PROCESS ON *.* TO `mayfly`@`localhost` IDENTIFIED BY x': true,
  'GRANT USAGE ON *.* TO `mayfly`@`localhost`': false,
  'GRANT USAGE ON *.* TO `mayfly`@`localhost`\nGRANT ALL PRIVILEGES ON `app`.* TO `mayfly`@`localhost`': false,
}

for (const [grant, isEnough] of Object.entries(grants)) {
  test(`mariadb: ${grant} → ${isEnough ? 'ready' : 'says what to grant'}`, async () => {
    const { runner, control } = await world()
    runner.program('mariadb', () => ({ stdout: `Grants for mayfly@localhost\n${grant}\n` }))
    const ready = control({ preset: 'mariadb' }).ready(context)
    if (isEnough) return ready
    await refused(ready, 'reload-failed', /GRANT RELOAD ON \*\.\* TO `mayfly`@`localhost`/)
  })
}

const overTheSocket = ['--protocol=socket', '--skip-ssl-verify-server-cert']

for (const [what, options, expected] of [
  ['nothing said', {}, overTheSocket],
  ['a socket', { socket: '/run/m.sock' }, ['--socket=/run/m.sock', ...overTheSocket]],
  [
    'an option file and a socket',
    { defaultsFile: '/etc/m.cnf', socket: '/run/m.sock' },
    ['--defaults-file=/etc/m.cnf', '--socket=/run/m.sock', ...overTheSocket],
  ],
  ['an option file, which may name a host', { defaultsFile: '/etc/m.cnf' }, ['--defaults-file=/etc/m.cnf']],
] as const) {
  test(`mariadb: ${what} → its certificate is left unverified on its own socket alone`, async () => {
    const { runner, control } = await world()
    runner.program('mariadb', () => ({ stdout: '' }))
    await control({ preset: 'mariadb', ...options }).reload(context)
    const [call] = runner.runs
    assert.deepEqual(call?.argv, ['mariadb', ...expected, '--batch', '--execute=FLUSH SSL'])
  })
}

test('command: not installed → reload-failed, with what to do', async () => {
  const { control } = await world()
  const server = control({ preset: 'command', command: ['/nowhere'] })
  await refused(server.reload(context), 'reload-failed', /cannot be started.*Is it installed/)
})

test('unit: reloaded, or restarted where that is asked for', async () => {
  const { runner, control } = await world()
  runner.program('systemctl')
  await control({ preset: 'unit', unit: 'app.service' }).reload(context)
  await control({ preset: 'unit', unit: 'app.service', restart: true }).reload(context)
  assert.deepEqual(argvs(runner), ['systemctl reload app.service', 'systemctl restart app.service'])
})

const unitStates = {
  'LoadState=not-found\nActiveState=inactive\nCanReload=no': /systemd knows no app\.service\. Correct unit/,
  'LoadState=loaded\nActiveState=failed\nCanReload=no': /app\.service is failed\. Start it/,
  'LoadState=loaded\nActiveState=active\nCanReload=no': /Give it an ExecReload, or .*restart: true/,
}

for (const [state, message] of Object.entries(unitStates)) {
  test(`unit: ${state.replaceAll('\n', ' ')} → says what to mend`, async () => {
    const { runner, control } = await world()
    runner.program('systemctl', () => ({ stdout: `${state}\n` }))
    await refused(control({ preset: 'unit', unit: 'app.service' }).ready(context), 'reload-failed', message)
  })
}

test('unit: cannot reload, and is to be restarted → ready', async () => {
  const { runner, control } = await world()
  runner.program('systemctl', () => ({ stdout: 'LoadState=loaded\nActiveState=active\nCanReload=no\n' }))
  await control({ preset: 'unit', unit: 'app.service', restart: true }).ready(context)
})

test('formats: what a server reads beside the PEM set is known', () => {
  assert.deepEqual(formatsNeededBy({ preset: 'haproxy' }), ['combined'])
  assert.deepEqual(formatsNeededBy({ preset: 'nginx' }), [])
})

test('none: nothing is done', async () => {
  const { runner, control } = await world()
  const server = control({ preset: 'none' })
  await server.ready(context)
  await server.check(context)
  await server.reload(context)
  assert.deepEqual([runner.runs, runner.signals], [[], []])
})

const schema = z.strictObject({ reload: reloadSchema })

const good: Record<string, ReloadConfiguration> = {
  '{ preset: nginx, pidFile: /run/nginx.pid }': { preset: 'nginx', pidFile: '/run/nginx.pid' },
  '{ signal: SIGHUP, pidFile: /run/x.pid }': { preset: 'signal', signal: 'SIGHUP', pidFile: '/run/x.pid' },
  '{ command: [systemctl, kill, x] }': { preset: 'command', command: ['systemctl', 'kill', 'x'] },
  '{ unit: x.service, restart: true }': { preset: 'unit', unit: 'x.service', restart: true },
  '{ preset: none }': { preset: 'none' },
  '{ preset: haproxy, socket: /run/h.sock }': { preset: 'haproxy', socket: '/run/h.sock' },
  '{ preset: apache, unit: apache2.service }': { preset: 'apache', unit: 'apache2.service' },
  '{ preset: postgresql, pidFile: /srv/pg/postmaster.pid }': {
    preset: 'postgresql',
    pidFile: '/srv/pg/postmaster.pid',
  },
  '{ preset: redis, connect: "127.0.0.1:6379" }': {
    preset: 'redis',
    connect: { host: '127.0.0.1', port: 6379 },
  },
  '{ preset: mariadb, socket: /run/m.sock }': { preset: 'mariadb', socket: '/run/m.sock' },
  '{ preset: caddy }': { preset: 'caddy' },
  '{ preset: stunnel, pidFile: /run/s.pid }': { preset: 'stunnel', pidFile: '/run/s.pid' },
  '{ preset: hitch, pidFile: /run/h.pid }': { preset: 'hitch', pidFile: '/run/h.pid' },
}

for (const [text, expected] of Object.entries(good)) {
  test(`configuration: reload: ${text} → understood`, () => {
    assert.deepEqual(parseYamlConfiguration(`reload: ${text}`, 'agent.yaml', schema), { reload: expected })
  })
}

const bad: Record<string, RegExp> = {
  '{ preset: nginks }': /agent\.yaml:1:\d+: reload\.preset: must be one of nginx, /,
  '{ preset: nginx, pidfile: /run/x.pid }': /reload\.pidfile: is not a known key; did you mean pidFile\?/,
  '{ preset: nginx, pidFile: x.pid }': /reload\.pidFile: must be an absolute path/,
  '{ signal: SIGKILL, pidFile: /run/x.pid }': /reload\.signal: /,
  '{ preset: redis }': /reload: needs one of socket and connect/,
  '{ preset: redis, socket: /a, connect: "h:1" }': /reload: needs one of socket and connect/,
  '{ preset: haproxy, certificate: "/a;b" }': /reload\.certificate: must not have spaces/,
  '{ signal: SIGHUP }': /reload\.pidFile: is missing/,
  '{ command: [] }': /reload\.command: /,
  '{ command: "systemctl reload nginx" }': /reload\.command: /,
  '{ unit: "nginx; rm" }': /reload\.unit: must be a unit/,
}

for (const [text, message] of Object.entries(bad)) {
  test(`configuration: reload: ${text} → refused with its line`, () => {
    assert.throws(
      () => parseYamlConfiguration(`reload: ${text}`, 'agent.yaml', schema),
      (error) => {
        assert.ok(isMayflyError(error, 'config-invalid'))
        assert.match(error.message, message)
        return true
      },
    )
  })
}
