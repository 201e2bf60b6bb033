import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { isMayflyError } from '@mayfly/ca-core'
import { nodeFileSystem, nodeProcessRunner, resolveAccess } from '@mayfly/platform'
import { FakeProcessRunner } from '../../../../test/fakes/fake-process-runner.ts'
import { MemoryFileSystem } from '../../../../test/fakes/memory-file-system.ts'

describe('resolveAccess', () => {
  const fileSystem = new MemoryFileSystem()
  let processRunner: FakeProcessRunner

  beforeEach(async () => {
    processRunner = new FakeProcessRunner()
    await fileSystem.makeDirectory('/etc', { mode: 0o755 })
    const text = new TextEncoder()
    await fileSystem.replaceFile('/etc/passwd', text.encode('root:x:0:0::/root:/bin/sh\nweb:x:33:34::/:\n'), {
      mode: 0o644,
    })
    await fileSystem.replaceFile('/etc/group', text.encode('root:x:0:\nssl-cert:x:110:web\n'), {
      mode: 0o644,
    })
  })

  it('names of the files → their ids', async () => {
    assert.deepEqual(
      await resolveAccess({ owner: 'web', group: 'ssl-cert', mode: 0o640 }, { fileSystem, processRunner }),
      { mode: 0o640, uid: 33, gid: 110 },
    )
  })

  it('numbers, or nothing → as given', async () => {
    const ports = { fileSystem, processRunner }
    assert.deepEqual(await resolveAccess({ owner: '1000', mode: 0o600 }, ports), { mode: 0o600, uid: 1000 })
    assert.deepEqual(await resolveAccess({ mode: 0o600 }, ports), { mode: 0o600 })
  })

  it('a user of a directory service → asked of getent', async () => {
    processRunner.program('getent', () => ({ stdout: 'ldap-user:*:70001:70001::/:\n' }))
    const access = await resolveAccess({ owner: 'ldap-user', mode: 0o600 }, { fileSystem, processRunner })
    assert.equal(access.uid, 70_001)
  })

  it('nobody knows the name, getent there or not → config-invalid with the name', async () => {
    const refused = (error: unknown): boolean =>
      isMayflyError(error, 'config-invalid') && error.message.includes('"-x"')
    await assert.rejects(resolveAccess({ group: '-x', mode: 0o600 }, { fileSystem, processRunner }), refused)
    processRunner.program('getent', () => ({ exitCode: 2 }))
    await assert.rejects(resolveAccess({ group: '-x', mode: 0o600 }, { fileSystem, processRunner }), refused)
  })

  it('this machine: root and an unknown user → 0 and config-invalid', async () => {
    const ports = { fileSystem: nodeFileSystem, processRunner: nodeProcessRunner }
    assert.equal((await resolveAccess({ owner: 'root', mode: 0o600 }, ports)).uid, 0)
    await assert.rejects(resolveAccess({ owner: 'no-such-user', mode: 0o600 }, ports), (error) =>
      isMayflyError(error, 'config-invalid'),
    )
  })
})
