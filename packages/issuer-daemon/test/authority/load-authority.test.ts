import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { dayMs } from '@mayfly/ca-core'
import { authorityFiles } from '../../src/authority/authority-files.ts'
import { loadAuthority } from '../../src/authority/load-authority.ts'
import { createIssuerHost, createRootBox, type IssuerHost, now, state } from '../support/authority-kit.ts'

const files = authorityFiles(state)
const rootBox = await createRootBox('Test Root')

describe('loadAuthority', () => {
  let host: IssuerHost

  beforeEach(async () => {
    host = await createIssuerHost(rootBox)
  })

  it('nothing installed → authority-missing', async () => {
    await host.init()
    await assert.rejects(host.load(), { code: 'authority-missing' })
  })

  it('another passphrase → passphrase-wrong', async () => {
    await host.ceremony(rootBox)
    const wrong = new TextEncoder().encode('wrong')
    await assert.rejects(loadAuthority({ fileSystem: host.fileSystem, state, passphrase: wrong, now }), {
      code: 'passphrase-wrong',
    })
  })

  it("another intermediate's key → key-mismatch", async () => {
    const first = await host.ceremony(rootBox)
    await host.ceremony(rootBox, 2)
    const key = await host.fileSystem.readFile(`${files.retired}/${first.fingerprint}/key.pem`)
    await host.fileSystem.replaceFile(files.current.key, key, { mode: 0o600 })
    await assert.rejects(host.load(), { code: 'key-mismatch' })
  })

  it('ended → certificate-expired', async () => {
    await host.ceremony(rootBox)
    await assert.rejects(host.load(now + 100 * dayMs), { code: 'certificate-expired' })
  })
})
