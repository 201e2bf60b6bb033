import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FileSystem, isMayflyError } from '@mayfly/ca-core'
import { openBundleShelf } from '../../src/state/bundle-shelf.ts'
import { VirtualHost } from '../support/virtual-host.ts'

test('bundle shelf: ten certificates that start together → one reading, one bundle for all', async () => {
  const host = await VirtualHost.create()
  await host.enroll()
  await host.step()
  let readings = 0
  const fileSystem: Pick<FileSystem, 'readFile' | 'replaceFile' | 'status'> = {
    status: (path) => host.fileSystem.status(path),
    readFile(path) {
      readings++
      return host.fileSystem.readFile(path)
    },
    replaceFile: () => assert.fail('nothing is written'),
  }
  const shelf = openBundleShelf(fileSystem as FileSystem, '/state')
  const root = host.state.rootFingerprint
  const held = await Promise.all(Array.from({ length: 10 }, () => shelf.held(root)))
  assert.equal(readings, 1)
  assert.ok(held[0])
  assert.ok(held.every((one) => one === held[0]))
  assert.equal(await shelf.held('00'.repeat(32)), undefined)
})

test('a bundle rolled back: an older one is verified while a newer one is taken in → refused, the newer one stays', async () => {
  const host = await VirtualHost.create()
  await host.enroll()
  await host.step()
  const root = host.state.rootFingerprint
  const texts: string[] = []
  for (let newer = 0; newer < 2; newer++) {
    await host.issuer.publish({})
    texts.push(host.issuer.bundleText)
  }
  const [older = '', newest = ''] = texts
  const shelf = openBundleShelf(host.fileSystem, '/state')
  const before = await shelf.held(root)
  assert.ok(before)
  const [first, second] = await Promise.allSettled([
    shelf.accept(root, newest, host.clock.now()),
    shelf.accept(root, older, host.clock.now()),
  ])
  assert.equal(first.status, 'fulfilled')
  assert.ok(second.status === 'rejected' && isMayflyError(second.reason, 'bundle-older'))
  for (const one of [shelf, openBundleShelf(host.fileSystem, '/state')])
    assert.equal((await one.held(root))?.bundle.sequence, before.bundle.sequence + 2)
})
