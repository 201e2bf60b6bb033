import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FileSystem } from '@mayfly/ca-core'
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
