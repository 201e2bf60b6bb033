import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MemoryFileSystem } from '../../../../test/fakes/memory-file-system.ts'
import { requireSafeFolders } from '../../src/installing/safe-folders.ts'
import { VirtualHost } from '../support/virtual-host.ts'

const root = { uid: 0, gid: 0 }
const somebody = { uid: 1_000, gid: 1_000 }

/** `/srv/ca/live` and its archive, all of root. */
async function machine(): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem()
  await fileSystem.setAccess('/', { mode: 0o755, ...root }).catch(() => undefined)
  for (const folder of ['/srv', '/srv/ca', '/srv/ca/live', '/srv/ca/archive', '/srv/ca/archive/web'])
    await fileSystem.makeDirectory(folder, { mode: 0o755, ...root })
  return fileSystem
}

const look = (fileSystem: MemoryFileSystem, userId = 0, live = '/srv/ca/live') =>
  requireSafeFolders({ fileSystem, live, name: 'web', userId })

describe('folders in which an agent that is root writes', () => {
  test('all of root, closed to others, some not there yet: fine', async () => {
    const fileSystem = await machine()
    await look(fileSystem)
    await look(fileSystem, 0, '/srv/elsewhere/live')
    await look(fileSystem, 0, '/nowhere/yet')
  })

  for (const [what, folder, access, sentence] of [
    [
      'everybody may write to the archive',
      '/srv/ca/archive',
      { mode: 0o777, ...root },
      /^\/srv\/ca\/archive can be written by others \(mode 777\): .*Run: chmod go-w \/srv\/ca\/archive,/,
    ],
    [
      'a group may write to a parent',
      '/srv',
      { mode: 0o775, uid: 0, gid: 7 },
      /^\/srv can be written by others .*Run: chmod go-w \/srv,/,
    ],
    [
      'the live folder is of somebody',
      '/srv/ca/live',
      { mode: 0o755, ...somebody },
      /^\/srv\/ca\/live belongs to the user 1000: .*Run: chown root \/srv\/ca\/live,/,
    ],
    [
      "the certificate's archive is of somebody",
      '/srv/ca/archive/web',
      { mode: 0o700, ...somebody },
      /belongs to the user 1000/,
    ],
  ] as const) {
    test(`${what}: folder-unsafe, with what to run; not where the agent is another user`, async () => {
      const fileSystem = await machine()
      await fileSystem.setAccess(folder, access)
      await assert.rejects(look(fileSystem), { code: 'folder-unsafe', message: sentence })
      await look(fileSystem, 1_000)
    })
  }

  test("root's own group may write, and so may everybody in a sticky folder: fine", async () => {
    const fileSystem = await machine()
    await fileSystem.setAccess('/srv', { mode: 0o775, ...root })
    await fileSystem.setAccess('/srv/ca', { mode: 0o1777, ...root })
    await look(fileSystem)
  })

  test('a link on the way: what it leads to is looked at', async () => {
    const fileSystem = await machine()
    await fileSystem.makeDirectory('/open', { mode: 0o777, ...root })
    await fileSystem.makeDirectory('/open/ca', { mode: 0o755, ...root })
    await fileSystem.replaceSymlink('/etc-ca', 'open/ca')
    await assert.rejects(look(fileSystem, 0, '/etc-ca/live'), {
      code: 'folder-unsafe',
      message: /^\/open can be/,
    })
    await fileSystem.replaceSymlink('/circle', 'circle')
    await assert.rejects(look(fileSystem, 0, '/circle/live'), { message: /leads in a circle/ })
  })

  test('at a rotation: nothing is installed, the old one stays, and it goes on once the folder is closed', {
    skip: process.geteuid?.() !== 0 && 'only root is held up',
  }, async () => {
    const host = await VirtualHost.create()
    await host.enroll()
    await host.step()
    await host.fileSystem.setAccess('/etc/archive', { mode: 0o777 })
    await host.store.wishRenewal(host.clock.now())
    await host.run(60_000)
    assert.equal(host.state.setbacks.install?.code, 'folder-unsafe')
    assert.equal(host.state.live?.number, 1)
    assert.deepEqual(await host.fileSystem.list('/etc/archive/web'), ['0001'])
    await host.fileSystem.setAccess('/etc/archive', { mode: 0o755 })
    await host.run(300_000)
    assert.equal(host.state.live?.served, true)
    assert.notEqual(host.state.live?.number, 1)
    assert.deepEqual(host.state.setbacks, {})
  })
})
