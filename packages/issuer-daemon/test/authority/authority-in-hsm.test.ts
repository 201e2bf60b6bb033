import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import {
  decodeKeyReference,
  isEncryptedPrivateKey,
  isKeyReference,
  MayflyError,
  parseCertificateRequestPem,
  verifySignature,
} from '@mayfly/ca-core'
import { MemoryHsm } from '../../../../test/fakes/memory-hsm.ts'
import { authorityFiles, readText } from '../../src/authority/authority-files.ts'
import { openAuthorityShelf } from '../../src/authority/authority-shelf.ts'
import { loadAuthority } from '../../src/authority/load-authority.ts'
import {
  createIssuerHost,
  createRootBox,
  type IssuerHost,
  losePowerAtEachStep,
  now,
  passphrase,
  state,
} from '../support/authority-kit.ts'

const files = authorityFiles(state)
const rootBox = await createRootBox('Test Root')

describe('an intermediate whose key is in an HSM', () => {
  let hsm: MemoryHsm
  let host: IssuerHost

  beforeEach(async () => {
    hsm = new MemoryHsm()
    host = await createIssuerHost(rootBox, hsm)
  })

  it('the ceremony → the key is in the HSM, its name in the slot, and it signs', async () => {
    const { keyUri, keyHash, requestPem } = await host.init()
    assert.deepEqual(hsm.keys, [keyUri])
    assert.equal(decodeKeyReference(await readText(host.fileSystem, files.next.key)), keyUri)
    assert.ok(isEncryptedPrivateKey(await readText(host.fileSystem, files.tokenKey)))
    assert.equal(parseCertificateRequestPem(requestPem).publicKey.hash, keyHash)
    const input = { intermediatePem: await rootBox.sign(requestPem), bundleText: await rootBox.bundle() }
    const { certificate } = await host.install(input)
    const { signer } = (await host.load()).issuing.authority
    const message = Buffer.from('a leaf')
    assert.ok(verifySignature(certificate.publicKey, message, await signer.sign(message)))
  })

  it('a key that is there already → taken, and none is made; one that is not → not-found', async () => {
    const { uri } = await hsm.makeKey({ keyType: 'ec-p384', id: Uint8Array.of(7) })
    await assert.rejects(host.init({ keyUri: 'pkcs11:id=%09' }), { code: 'not-found' })
    const { keyUri, keyType } = await host.init({ keyUri: uri })
    assert.deepEqual([keyUri, keyType], [uri, 'ec-p384'])
    assert.deepEqual(hsm.keys, [uri])
  })

  it('power lost at any step of the init → the next run finishes, and no key is left that nobody knows of', async () => {
    const made = new Map<IssuerHost, MemoryHsm>()
    await losePowerAtEachStep({
      prepare: async () => {
        const own = new MemoryHsm()
        const one = await createIssuerHost(rootBox, own)
        made.set(one, own)
        return { host: one, prepared: own }
      },
      work: ({ init }) => init(),
      async check({ fileSystem, init }, own) {
        const isDone = (await fileSystem.status(files.next.request)) !== undefined
        if (!isDone) await init()
        const named = decodeKeyReference(await readText(fileSystem, files.next.key))
        assert.deepEqual(own.keys, [named])
      },
    })
  })

  it('the HSM cannot make the key → key-type-unsupported; with another type the next run goes on', async () => {
    await assert.rejects(host.init({ keyType: 'ml-dsa-65' }), { code: 'key-type-unsupported' })
    await host.init()
    assert.equal(hsm.keys.length, 1)
  })

  it('the next intermediate moves into the HSM, while the one in a file signs', async () => {
    const plain = await createIssuerHost(rootBox)
    await plain.ceremony(rootBox)
    await plain.init({ hsm })
    assert.ok(isEncryptedPrivateKey(await readText(plain.fileSystem, files.current.key)))
    assert.ok(isKeyReference(await readText(plain.fileSystem, files.next.key)))
    await plain.load()
  })

  it('the HSM is away, has lost the key, or is in no configuration → an error that says which', async () => {
    await host.ceremony(rootBox)
    hsm.failure = new MayflyError('hsm-unavailable', 'The token is out.')
    await assert.rejects(host.load(), { code: 'hsm-unavailable', message: 'The token is out.' })
    const { fileSystem } = host
    const other = { fileSystem, state, passphrase, now }
    await assert.rejects(loadAuthority({ ...other, hsm: new MemoryHsm() }), {
      code: 'hsm-unavailable',
      message: /has no key pkcs11:token=memory.*from the backup of the HSM.*mayfly issuer init/,
    })
    await assert.rejects(loadAuthority(other), { code: 'config-invalid', message: /names none under `hsm`/ })
  })

  it('a retired key is destroyed in the HSM, and the other is not; while that is away, it stays known', async () => {
    const first = await host.ceremony(rootBox)
    const [firstUri = ''] = hsm.keys
    await host.ceremony(rootBox)
    const { fileSystem } = host
    const options = { fileSystem, state, now: () => now, passphrase: async () => passphrase }
    const grave = `${files.retired}/${first.fingerprint}/key.pem`
    await assert.rejects(openAuthorityShelf(options).destroyKey(first.fingerprint), {
      code: 'config-invalid',
      message: new RegExp(
        `${grave} .*\\(${firstUri}\\).*under \`hsm\`\\. Put \`hsm\` back .* remove ${grave}\\.$`,
      ),
    })
    const shelf = openAuthorityShelf({ ...options, hsm })
    hsm.failure = new MayflyError('hsm-unavailable', 'The token is out.')
    await assert.rejects(shelf.destroyKey(first.fingerprint), { code: 'hsm-unavailable' })
    hsm.failure = undefined
    const retired = async () => (await shelf.slots()).find(({ slot }) => slot === 'retired')
    assert.deepEqual([(await retired())?.hasKey, (await retired())?.isBeingDestroyed], [true, true])
    await shelf.destroyKey(first.fingerprint)
    assert.equal((await retired())?.hasKey, false)
    assert.equal(hsm.keys.length, 1)
    assert.ok(!hsm.keys.includes(firstUri))
    // A crash before it was told leaves the mark; the next sweep does it again.
    await shelf.destroyKey(first.fingerprint)
    await host.load()
  })
})
