import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { dayMs } from '@mayfly/ca-core'
import { authorityFiles, readText } from '../../src/authority/authority-files.ts'
import { loadAuthority } from '../../src/authority/load-authority.ts'
import {
  copyState,
  createIssuerHost,
  createRootBox,
  type IssuerHost,
  now,
  state,
} from '../support/authority-kit.ts'

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
      message: `${state}/authority/current/key.pem: The passphrase does not open the key.`,
    })
  })

  it("another intermediate's key → key-mismatch", async () => {
    const first = await host.ceremony(rootBox)
    await host.ceremony(rootBox, 2)
    const key = await host.fileSystem.readFile(`${files.retired}/${first.fingerprint}/key.pem`)
    await host.fileSystem.replaceFile(files.current.key, key, { mode: 0o600 })
    await assert.rejects(host.load(), { code: 'key-mismatch' })
  })

  it('distrusted by the bundle, another is prepared → told how to take it up, and that is enough', async () => {
    const { fingerprint } = await host.ceremony(rootBox)
    const { requestPem } = await host.init()
    const next = await rootBox.sign(requestPem)
    await host.install({ intermediatePem: next, bundleText: await rootBox.bundle(), prepareOnly: true })
    const bundleText = await rootBox.bundle({ sequence: 2, distrusted: [fingerprint] })
    const current = await readText(host.fileSystem, files.current.certificate)
    await assert.rejects(host.install({ intermediatePem: current, bundleText }), {
      code: 'chain-untrusted',
      message: /`mayfly issuer install --intermediate \S+\/authority\/next\/prepared\.pem --bundle FILE`/,
    })
    await host.fileSystem.replaceFile(files.bundle, new TextEncoder().encode(bundleText), { mode: 0o600 })
    await assert.rejects(host.load(), {
      code: 'chain-untrusted',
      message:
        `Trust bundle 2 distrusts the intermediate ${fingerprint}. Another one is prepared here; take it up: ` +
        `\`mayfly issuer install --intermediate ${files.next.prepared} --bundle ${files.bundle}\`.`,
    })
    const intermediatePem = await readText(host.fileSystem, files.next.prepared)
    const { certificate } = await host.install({
      intermediatePem,
      bundleText: await readText(host.fileSystem, files.bundle),
    })
    assert.equal((await host.load()).issuing.chain.fingerprint, certificate.fingerprint)
  })

  it("distrusted, and none is prepared → told to copy another issuer's, or to make a new one; both are enough", async () => {
    const { fingerprint } = await host.ceremony(rootBox)
    const twin = await createIssuerHost(rootBox)
    await copyState(host, twin)
    const bundleText = await rootBox.bundle({ sequence: 2, distrusted: [fingerprint] })
    const { requestPem } = await host.init()
    const intermediatePem = await rootBox.sign(requestPem)
    const { certificate } = await host.install({ intermediatePem, bundleText })
    await twin.fileSystem.replaceFile(files.bundle, new TextEncoder().encode(bundleText), { mode: 0o600 })
    await assert.rejects(twin.load(), {
      code: 'chain-untrusted',
      message:
        `Trust bundle 2 distrusts the intermediate ${fingerprint}. No other is prepared here. Where another issuer on ` +
        `the same store has one that signs, replace the folder ${files.folder} by a copy of the one there. Otherwise ` +
        'make a new one: `mayfly issuer init`, `mayfly root sign`, `mayfly issuer install DIR`.',
    })
    const another = await createIssuerHost(rootBox)
    await copyState(twin, another)

    await twin.fileSystem.remove(files.folder)
    await copyState(host, twin, files.folder)
    assert.equal((await twin.load()).issuing.chain.fingerprint, certificate.fingerprint)

    const request = (await another.init()).requestPem
    await another.install({ intermediatePem: await rootBox.sign(request), bundleText })
    assert.notEqual((await another.load()).issuing.chain.fingerprint, fingerprint)
  })

  it('ended → certificate-expired', async () => {
    await host.ceremony(rootBox)
    await assert.rejects(host.load(now + 100 * dayMs), { code: 'certificate-expired' })
  })
})
