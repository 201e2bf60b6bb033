import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { dayMs, MayflyError, minuteMs } from '@mayfly/ca-core'
import type { FakeProcessRunner } from '../../../../test/fakes/fake-process-runner.ts'
import { type CheckReport, checkAgent } from '../../src/checking/check-agent.ts'
import type { CheckPorts } from '../../src/checking/check-ports.ts'
import type { Finding } from '../../src/checking/finding.ts'
import { statePaths } from '../../src/state/state-folder.ts'
import {
  type CheckedHost,
  checkedConfigPath as configPath,
  createCheckedHost,
  writeText,
  checkedYaml as yaml,
} from '../support/checked-host.ts'
import { VirtualHost } from '../support/virtual-host.ts'

describe('mayfly agent check', () => {
  let checked: CheckedHost
  let host: VirtualHost
  let processRunner: FakeProcessRunner
  let ports: CheckPorts

  const write = (path: string, text: string, mode?: number) => writeText(host, path, text, mode)

  beforeEach(async () => {
    checked = await createCheckedHost()
    ;({ host, processRunner, ports } = checked)
  })

  const check = (): Promise<CheckReport> => checkAgent({ configPath }, ports)

  /** The only finding that is not good. */
  const only = ({ findings }: CheckReport): Finding => {
    const others = findings.filter(({ result }) => result !== 'good')
    assert.equal(others.length, 1, JSON.stringify(others, undefined, 2))
    return others[0] as Finding
  }

  const failsAt = async (name: Finding['check'], code: string, advice: RegExp): Promise<void> => {
    const report = await check()
    const finding = only(report)
    assert.equal(finding.check, name)
    assert.equal(finding.result, 'failed')
    assert.match(finding.message, advice)
    assert.equal(report.failure, code)
  }

  const warnsAt = async (name: Finding['check'], advice: RegExp): Promise<void> => {
    const report = await check()
    const finding = only(report)
    assert.equal(finding.check, name)
    assert.equal(finding.result, 'warning')
    assert.match(finding.message, advice)
    assert.equal(report.failure, undefined)
  }

  test('the live folder has become a link: told', async () => {
    await host.fileSystem.rename('/etc/live', '/srv')
    await host.fileSystem.replaceSymlink('/etc/live', '/srv')
    const told = (await check()).findings.filter(({ check }) => check === 'files')
    assert.equal(told[0]?.result, 'failed')
    assert.match(told[0]?.message ?? '', /\/etc\/live is a link to \/srv: set live in agent\.yaml/)
  })

  test('the state is a folder of others: to name another one, not to close it', async () => {
    await host.fileSystem.makeDirectory('/srv', { mode: 0o755 })
    await write('/srv/index.html', 'hello')
    await write(configPath, yaml.replace('/state', '/srv'))
    const [first] = (await check()).findings
    assert.deepEqual([first?.check, first?.result === 'failed' && first.code], ['state', 'config-invalid'])
    assert.match(first?.message ?? '', /name a folder of its own, such as \/srv\/mayfly/)
  })

  test('others can write to the archive, and the agent is root: → told with what to run', {
    skip: process.geteuid?.() !== 0 && 'only root is held up',
  }, async () => {
    await host.fileSystem.setAccess('/etc/archive', { mode: 0o777 })
    await failsAt(
      'folders',
      'folder-unsafe',
      /\/etc\/archive can be written by others .*Run: chmod go-w \/etc\/archive/,
    )
  })

  test('all is well: → everything was tried, nothing is changed', async () => {
    const before = await host.fileSystem.list('/etc/live')
    const state = JSON.stringify(await host.store.read())
    const { findings, failure } = await check()
    assert.deepEqual(
      findings.filter(({ result }) => result !== 'good'),
      [],
    )
    assert.equal(failure, undefined)
    const tried = new Set(findings.map(({ check: name }) => name))
    for (const name of ['state', 'disk-space', 'running', 'enrolment', 'bundle', 'issuer', 'clock']) {
      assert.ok(tried.has(name as Finding['check']), name)
    }
    for (const name of ['folders', 'files', 'server', 'server-test', 'probe']) {
      assert.ok(tried.has(name as Finding['check']), name)
    }
    assert.deepEqual(await host.fileSystem.list('/etc/live'), before)
    assert.deepEqual(
      (await host.fileSystem.list('/state')).filter((name) => name.startsWith('.')),
      [],
    )
    assert.equal(JSON.stringify(await host.store.read()), state)
    assert.deepEqual(processRunner.signals, [])
  })

  test('the disk is almost full: → fails, make room', async () => {
    checked.freeBytes = 4_096
    const { findings, failure } = await check()
    assert.equal(failure, 'disk-full')
    assert.match(findings.find(({ result }) => result === 'failed')?.message ?? '', /Make room/)
  })

  test('a read-only live folder: → fails, with the folder', async () => {
    host.fileSystem.fail({ errno: 'EROFS', operation: 'createFile', path: /^\/etc\/live/ })
    await failsAt('folders', 'file-unwritable', /\/etc\/live/)
  })

  test('a state folder that is not ours: → fails', async () => {
    host.fileSystem.fail({ errno: 'EACCES', operation: 'createFile', path: /^\/state\/\.check/ })
    await failsAt('state', 'permission-denied', /\/state/)
  })

  test('a state folder that others see into: → a warning, with the command', async () => {
    await host.fileSystem.setAccess('/state', { mode: 0o755 })
    await warnsAt('state', /chmod 0700 \/state/)
  })

  test('a broken state file: → fails, restore or enrol again', async () => {
    await write(statePaths.lineage('/state', 'web'), '{"format":', 0o600)
    await failsAt('enrolment', 'state-invalid', /enrol again/)
  })

  test('not enrolled: → fails, with both commands', async () => {
    await host.fileSystem.remove(statePaths.lineage('/state', 'web'))
    await failsAt('enrolment', 'lineage-unknown', /token create.*agent enroll TOKEN --name web/)
  })

  test('expired for three days, and for thirty: → can come back, and cannot', async () => {
    await host.clock.advance(3 * dayMs)
    await warnsAt('enrolment', /can still be renewed/)
    await host.clock.advance(27 * dayMs)
    await failsAt('enrolment', 'lineage-expired', /mayfly agent enroll TOKEN --name web/)
  })

  test('the issuer has refused the last request for good: → fails, with what only a person can do', async () => {
    const now = host.clock.now()
    const ask = { attempts: 1, since: now, at: now, retryAt: now + 1, message: 'It has ended.' }
    const state = (code: 'lineage-ended' | 'transport-failed') => ({
      ...host.state,
      setbacks: { ask: { ...ask, code } },
    })
    await host.store.write(state('lineage-ended'))
    await failsAt(
      'enrolment',
      'lineage-ended',
      /refused the last request, at .*: It has ended\..*enrol this host/,
    )
    await host.store.write(state('transport-failed'))
    assert.equal((await check()).failure, undefined)
  })

  test('the last certificate failed its proof: → fails, with why', async () => {
    const now = host.clock.now()
    const install = { attempts: 1, since: now, at: now, retryAt: now + 1, message: 'It ends nowhere.' }
    const state = (code: 'prove-failed' | 'reload-failed') => ({
      ...host.state,
      setbacks: { install: { ...install, code } },
    })
    await host.store.write(state('prove-failed'))
    await failsAt('enrolment', 'prove-failed', /failed its proof, at .*: It ends nowhere\..*trust bundle\.$/)
    // Whether a reload works is tried, and not remembered.
    await host.store.write(state('reload-failed'))
    assert.equal((await check()).failure, undefined)
  })

  test('another identity in the configuration: → a warning', async () => {
    await write(configPath, yaml.replace('identity: web-1', 'identity: web-2'))
    await warnsAt('enrolment', /enrolled as web-1/)
  })

  test('names that were not enrolled: → a warning; once the issuer has refused them → fails', async () => {
    await write(configPath, yaml.replace('group: web', 'group: web\n    names: [dns:other.example]'))
    await warnsAt('enrolment', /dns:other\.example/)
    const now = host.clock.now()
    const ask = { attempts: 1, since: now, at: now, retryAt: now + 1, message: 'No.' }
    await host.store.write({
      ...host.state,
      setbacks: { ask: { ...ask, code: 'names-not-allowed' as const } },
    })
    await failsAt('enrolment', 'names-not-allowed', /dns:other\.example.*take them out of agent\.yaml/)
  })

  test('the issuer cannot be reached: → fails', async () => {
    host.issuer.fault = async () => {
      throw new MayflyError('transport-failed', 'https://ca.example:8443 cannot be reached: ECONNREFUSED')
    }
    // Whether an agent runs that goes on trying is told by itself.
    await failsAt('issuer', 'transport-failed', /whether the issuer runs and whether this host reaches it\.$/)
  })

  test('an issuer with a bundle that no trusted root signed: → fails', async () => {
    const other = await VirtualHost.create()
    host.issuer.fault = async (request) => other.issuer.exchange({ ...request, headers: {} })
    const { failure } = await check()
    assert.equal(failure, 'bundle-untrusted')
  })

  test('the clock is ten minutes off: → a warning that says which way', async () => {
    host.issuer.fault = async (_request, answer) => {
      const response = await answer()
      const date = new Date(host.clock.now() + 10 * minuteMs).toUTCString()
      return { ...response, headers: { ...response.headers, date } }
    }
    await warnsAt('clock', /600 s behind .* Set it\./)
  })

  test('a group that does not exist: → fails, with its name', async () => {
    processRunner.program('getent', () => ({ exitCode: 2 }))
    await write('/etc/group', 'root:x:0:\n')
    await failsAt('access', 'config-invalid', /no group "web"/)
  })

  test('a folder that the group cannot enter: → fails, with the command', async () => {
    await host.fileSystem.setAccess('/etc', { mode: 0o700 })
    await failsAt('folders', 'permission-denied', /chmod o\+x \/etc/)
  })

  test('something of another in the place of the live link: → fails', async () => {
    await host.fileSystem.remove('/etc/live/web')
    await host.fileSystem.makeDirectory('/etc/live/web', { mode: 0o755 })
    await failsAt('files', 'file-exists', /Move it away/)
  })

  test('a key file that everybody may read: → a warning, with the mode that it should have', async () => {
    await host.fileSystem.setAccess('/etc/live/web/key.pem', { mode: 0o644, gid: 7 })
    const at = /\/etc\/archive\/web\/0001\/key\.pem/.source
    await warnsAt(
      'files',
      new RegExp(
        `^${at} has the mode 0644 in place of 0600, so that others may read or change it\\. Run: chmod 0600 ${at}\\. The agent puts it back`,
      ),
    )
    ports = { ...ports, lock: async () => ({ release: () => undefined }) }
    const { findings } = await check()
    assert.match(
      findings.find(({ check: name, result }) => name === 'files' && result === 'warning')?.message ?? '',
      /Start the agent, which puts it back/,
    )
  })

  test('a key file of another owner: → a warning, with the owner that it should have', async () => {
    await host.fileSystem.setAccess('/etc/live/web/key.pem', { mode: 0o600, gid: 8 })
    await warnsAt('files', /key\.pem belongs to \d+:8 in place of \d+:7\. Run: chown \d+:7 \/etc\/archive/)
  })

  for (const [what, harm, told] of [
    [
      'altered',
      (path: string) => write(path, 'another', 0o600),
      /key\.pem was altered: it does not hold what was installed\./,
    ],
    ['removed', (path: string) => host.fileSystem.remove(path), /key\.pem was removed\./],
    [
      'a link',
      async (path: string) => {
        await host.fileSystem.remove(path)
        await host.fileSystem.replaceSymlink(path, '/etc/shadow')
      },
      /something else lies where .*key\.pem was installed\./,
    ],
  ] as const) {
    test(`a key file is ${what}: → a warning that says so`, async () => {
      await harm('/etc/archive/web/0001/key.pem')
      await warnsAt('files', told)
    })
  }

  test('the server does not run: → fails, start it', async () => {
    await host.fileSystem.remove('/run/nginx.pid')
    await failsAt('server', 'reload-failed', /Start the server/)
  })

  test("the server's own test fails: → fails, with what it says", async () => {
    processRunner.program('nginx', () => ({ exitCode: 1, stderr: 'unknown directive "srever"' }))
    await failsAt('server-test', 'check-failed', /srever/)
  })

  test('a server without a test of its own: → nothing is said to have been tested', async () => {
    const said = async (): Promise<string | undefined> =>
      (await check()).findings.find(({ check: name }) => name === 'server-test')?.message
    assert.match((await said()) ?? '', /nginx finds nothing wrong/)
    await write(
      configPath,
      yaml.replace(/preset: nginx/, 'preset: stunnel, pidFile: /run/nginx.pid, processName: nginx'),
    )
    assert.match((await said()) ?? '', /nothing tests the configuration of stunnel/)
  })

  test('nothing listens, or another certificate is served: → fails', async () => {
    checked.served = 'nothing'
    await failsAt('probe', 'probe-failed', /start the server/)
    checked.served = { serial: 'ff'.repeat(16) }
    await failsAt('probe', 'probe-failed', /Point the server's configuration at the live folder/)
  })

  test('served, and refused by clients: → a warning', async () => {
    checked.served = { trust: { ok: false, reason: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' } }
    await warnsAt('probe', /fullchain\.pem/)
  })

  test('no port is probed: → a warning', async () => {
    await write(configPath, yaml.replace(/ {4}probe.*\n/, ''))
    await warnsAt('probe', /Write the ports under probe/)
  })

  test('a mistake in the configuration: → thrown, with its line', async () => {
    await write(configPath, `${yaml}oops: 1\n`)
    await assert.rejects(check(), /agent\.yaml:9:1: oops/)
  })

  test('a name that is not configured: → usage', async () => {
    await assert.rejects(checkAgent({ configPath, names: ['mail'] }, ports), { code: 'usage' })
  })

  test('before the first rotation: → nothing is installed, a warning', async () => {
    host = await VirtualHost.create()
    await host.enroll()
    await host.fileSystem.makeDirectory('/etc', { mode: 0o755 })
    await write(configPath, yaml)
    await write('/etc/group', 'web:x:7:\n')
    ports = { ...ports, fileSystem: host.fileSystem, clock: host.clock, transport: host.issuer }
    const { findings } = await check()
    assert.ok(findings.some(({ check: name, result }) => name === 'enrolment' && result === 'warning'))
    assert.ok(findings.some(({ message }) => /nothing is installed yet/.test(message)))
  })
})
