import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { statePaths } from '../../src/state/state-folder.ts'
import { VirtualHost } from '../support/virtual-host.ts'

const path = statePaths.lineage('/state', 'web')

async function hostWithState(): Promise<VirtualHost> {
  const host = await VirtualHost.create()
  await host.enroll()
  await host.step()
  return host
}

describe('the state folder', () => {
  test('every file and folder: the agent alone', async () => {
    const host = await hostWithState()
    for (const folder of ['/state', '/state/lineages', '/state/bundles', '/state/enrolments']) {
      assert.equal((await host.fileSystem.status(folder))?.mode, 0o700, folder)
    }
    assert.equal((await host.fileSystem.status(path))?.mode, 0o600)
  })

  const damages: readonly (readonly [string, (text: string) => string])[] = [
    ['an empty file', () => ''],
    ['a torn file', (text) => text.slice(0, text.length / 2)],
    ['a file of another version', (text) => text.replace('"format":1', '"format":9')],
    ['a missing member', (text) => text.replace('"numberMax":1,', '')],
    ["another certificate's file", (text) => text.replace('"certificate":"web"', '"certificate":"mail"')],
    ['bytes that are no text', () => '\u0000\u0001'],
  ]
  for (const [name, damage] of damages) {
    test(`${name}: refused with the path and what to do, and nothing of its content`, async () => {
      const host = await hostWithState()
      const text = new TextDecoder().decode(await host.fileSystem.readFile(path))
      await host.fileSystem.replaceFile(path, new TextEncoder().encode(damage(text)), { mode: 0o600 })
      await assert.rejects(host.store.read(), (error: Error & { code: string }) => {
        assert.equal(error.code, 'state-invalid')
        assert.match(error.message, /\/state\/lineages\/web\.json: .*(backup|enrol)/)
        assert.doesNotMatch(error.message, /BEGIN|PRIVATE/)
        return true
      })
    })
  }

  test('the trust bundle is lost: got again, by the fingerprint of the enrolment', async () => {
    const host = await hostWithState()
    await host.fileSystem.remove('/state/bundles')
    await host.fileSystem.makeDirectory('/state/bundles', { mode: 0o700 })
    host.restart()
    await host.step()
    assert.equal(host.keeper.view().held?.bundle.sequence, 1)
  })
})
