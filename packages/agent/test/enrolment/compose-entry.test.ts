import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FakeProcessRunner } from '../../../../test/fakes/fake-process-runner.ts'
import { MemoryFileSystem } from '../../../../test/fakes/memory-file-system.ts'
import { addCertificateEntry } from '../../src/configuration/write-certificate-entry.ts'
import { composeEntry, type EntryWishes } from '../../src/enrolment/compose-entry.ts'
import { serverDefaults } from '../../src/enrolment/server-defaults.ts'
import { formatsNeededBy, prepareServer } from '../../src/servers/prepare-server.ts'
import { type PresetName, presetNames } from '../../src/servers/presets/preset-name.ts'

const subject = { names: ['dns:web-1.example'], profile: 'server' } as const

/** What is given beside `--preset`, on a machine with nothing running. */
const flagsNeeded: Partial<Record<PresetName, Partial<EntryWishes>>> = {
  postgresql: { reload: { pidFile: '/var/lib/postgresql/15/main/postmaster.pid' } },
  redis: { probe: ['127.0.0.1:6380'] },
  stunnel: { reload: { pidFile: '/run/stunnel4.pid' }, probe: ['127.0.0.1:443'] },
  hitch: { reload: { pidFile: '/run/hitch.pid' } },
  signal: { reload: { pidFile: '/run/server.pid', signal: 'SIGHUP' } },
  command: { reload: { command: ['/usr/local/bin/load-it'] } },
  unit: { reload: { unit: 'server.service' } },
}

function compose(wishes: EntryWishes, fileSystem = new MemoryFileSystem()) {
  return composeEntry(wishes, subject, fileSystem)
}

for (const preset of presetNames) {
  describe(`enroll --preset ${preset}`, () => {
    test('the written agent.yaml: valid and complete', async () => {
      const entry = await compose({ preset, ...flagsNeeded[preset] })
      const { configuration, text } = addCertificateEntry('', '/etc/mayfly/agent.yaml', 'web', entry)
      const settings = configuration.certificates.web
      assert.ok(settings !== undefined)
      assert.equal(settings.reload.preset, preset)
      // Throws where an option is missing.
      prepareServer(settings.reload, {
        fileSystem: new MemoryFileSystem(),
        processRunner: new FakeProcessRunner(),
      })
      for (const format of formatsNeededBy(settings.reload))
        assert.ok(settings.formats.includes(format), text)
      const { access, probe } = serverDefaults[preset]
      assert.equal(settings.group, access?.group)
      if (probe !== undefined) {
        const [endpoint] = settings.probe
        assert.equal(endpoint?.connect.port, probe.port)
        assert.equal(endpoint?.serverName, 'web-1.example')
        assert.equal(endpoint?.protocol, probe.protocol)
      }
    })

    test('without what only the operator knows: refused, with the flags', async () => {
      if (flagsNeeded[preset] === undefined) return void (await compose({ preset }))
      await assert.rejects(compose({ preset }), (error: Error) => {
        assert.match(error.message, new RegExp(`The preset ${preset} needs --`))
        return true
      })
    })
  })
}

describe('the entry of an enrolment', () => {
  test('a process id file that is there alone: found', async () => {
    const fileSystem = new MemoryFileSystem()
    await fileSystem.makeDirectory('/run/postgresql', { mode: 0o755 })
    await fileSystem.createFile('/run/postgresql/15-main.pid', new Uint8Array(), { mode: 0o644 })
    const entry = await compose({ preset: 'postgresql' }, fileSystem)
    assert.deepEqual(entry.reload, { preset: 'postgresql', pidFile: '/run/postgresql/15-main.pid' })
    await fileSystem.createFile('/run/postgresql/16-main.pid', new Uint8Array(), { mode: 0o644 })
    await assert.rejects(compose({ preset: 'postgresql' }, fileSystem), { code: 'usage' })
  })

  test('what was wished: in the place of every default', async () => {
    const entry = await compose({
      preset: 'caddy',
      owner: 'me',
      group: 'web',
      mode: '0440',
      formats: ['der'],
      probe: ['web-1.example:8443', '192.0.2.1:443'],
      reload: { admin: '127.0.0.1:2020' },
      others: { keyType: 'ed25519' },
    })
    assert.deepEqual(entry, {
      keyType: 'ed25519',
      owner: 'me',
      group: 'web',
      mode: '0440',
      formats: ['der'],
      reload: { preset: 'caddy', admin: '127.0.0.1:2020' },
      probe: [{ connect: 'web-1.example:8443' }, { connect: '192.0.2.1:443', serverName: 'web-1.example' }],
    })
  })

  test('a redis socket: no address beside it', async () => {
    const entry = await compose({ preset: 'redis', reload: { socket: '/run/redis.sock' }, probe: false })
    assert.deepEqual(entry.reload, { preset: 'redis', socket: '/run/redis.sock' })
    assert.equal(entry.probe, undefined)
  })

  test('a client, or no preset: nothing is probed that was not asked for', async () => {
    const client = { names: ['dns:web-1.example'], profile: 'client' } as const
    assert.equal((await composeEntry({ preset: 'nginx' }, client, new MemoryFileSystem())).probe, undefined)
    assert.deepEqual(await compose({}), {})
  })

  test('a wildcard alone: asked for under a name that it covers', async () => {
    const wild = { names: ['dns:*.web.example'], profile: 'server' } as const
    const entry = await composeEntry({ preset: 'nginx' }, wild, new MemoryFileSystem())
    assert.deepEqual(entry.probe, [{ connect: '127.0.0.1:443', serverName: 'www.web.example' }])
  })
})
