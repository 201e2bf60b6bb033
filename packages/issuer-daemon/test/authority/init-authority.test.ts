import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { decryptPrivateKey, isEncryptedPrivateKey, parseCertificateRequestPem } from '@mayfly/ca-core'
import { authorityFiles, readText } from '../../src/authority/authority-files.ts'
import { pendingRequest } from '../../src/authority/init-authority.ts'
import {
  createIssuerHost,
  createRootBox,
  type IssuerHost,
  losePowerAtEachStep,
  passphrase,
  state,
} from '../support/authority-kit.ts'

const files = authorityFiles(state)
const rootBox = await createRootBox('Test Root')

describe('initAuthority', () => {
  let host: IssuerHost

  beforeEach(async () => {
    host = await createIssuerHost(rootBox, undefined, 'own')
  })

  it('keys readable for a moment: encrypted keys and a request → nobody else’s, from the first', async () => {
    const { requestPem, keyHash } = await host.init()
    assert.equal(parseCertificateRequestPem(requestPem).publicKey.hash, keyHash)
    assert.equal((await pendingRequest(host.fileSystem, state))?.publicKey.hash, keyHash)
    for (const path of [files.next.key, files.tokenKey]) {
      assert.ok(isEncryptedPrivateKey(await readText(host.fileSystem, path)))
      assert.equal((await host.fileSystem.status(path))?.mode, 0o600)
    }
    assert.equal((await host.fileSystem.status(state))?.mode, 0o700)
  })

  it('a request waits already → file-exists, and nothing is overwritten', async () => {
    const { requestPem } = await host.init()
    const key = await readText(host.fileSystem, files.next.key)
    await assert.rejects(host.init(), { code: 'file-exists' })
    assert.equal(await readText(host.fileSystem, files.next.key), key)
    assert.equal(await readText(host.fileSystem, files.next.request), requestPem)
  })

  it('a folder of others, open to them → config-invalid, and it stays open', async () => {
    await host.fileSystem.makeDirectory(state, { mode: 0o755 })
    await host.fileSystem.createFile(`${state}/passwd`, new Uint8Array(), { mode: 0o644 })
    await assert.rejects(host.init(), { code: 'config-invalid', message: /name a folder of its own/ })
    assert.equal((await host.fileSystem.status(state))?.mode, 0o755)
    assert.deepEqual(await host.fileSystem.list(state), ['passwd'])
  })

  it('power lost at any step → the next run finishes', async () => {
    await losePowerAtEachStep({
      prepare: async () => ({ host: await createIssuerHost(rootBox, undefined, 'own'), prepared: undefined }),
      work: ({ init }) => init(),
      async check({ fileSystem, init, install }) {
        const isDone = (await fileSystem.status(files.next.request)) !== undefined
        const requestPem = isDone ? await readText(fileSystem, files.next.request) : (await init()).requestPem
        const { publicKey } = await decryptPrivateKey(await readText(fileSystem, files.next.key), passphrase)
        assert.equal(parseCertificateRequestPem(requestPem).publicKey.hash, publicKey.hash)
        assert.ok(isEncryptedPrivateKey(await readText(fileSystem, files.tokenKey)))
        await install({ intermediatePem: await rootBox.sign(requestPem), bundleText: await rootBox.bundle() })
      },
    })
  })
})
