import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import {
  createCertificateRequest,
  dayMs,
  encodePem,
  generateKeyPair,
  parseCertificate,
} from '@mayfly/ca-core'
import { activateNext } from '../../src/authority/activate-next.ts'
import { authorityFiles, readText } from '../../src/authority/authority-files.ts'
import { pendingRequest } from '../../src/authority/init-authority.ts'
import { installAuthority } from '../../src/authority/install-authority.ts'
import {
  copyState,
  createIssuerHost,
  createRootBox,
  type IssuerHost,
  losePowerAtEachStep,
  now,
  state,
} from '../support/authority-kit.ts'

const files = authorityFiles(state)
const rootBox = await createRootBox('Test Root')

describe('installAuthority', () => {
  let host: IssuerHost

  beforeEach(async () => {
    host = await createIssuerHost(rootBox)
  })

  const refused = async (code: string, options: { intermediatePem: string; bundleText?: string }) => {
    const bundleText = options.bundleText ?? (await rootBox.bundle())
    await assert.rejects(host.install({ ...options, bundleText }), { code })
    assert.equal(await host.fileSystem.status(files.current.folder), undefined)
  }

  it('puts the intermediate to use', async () => {
    const certificate = await host.ceremony(rootBox)
    const { issuing, served, tokenKey } = await host.load()
    assert.equal(issuing.authority.certificate.fingerprint, certificate.fingerprint)
    assert.equal(issuing.rootFingerprint, rootBox.root.fingerprint)
    assert.equal(served.bundle.sequence, 1)
    assert.equal(tokenKey.type, 'ec-p256')
    assert.equal(await pendingRequest(host.fileSystem, state), undefined)
  })

  it('the next one → the one before is retired with its key', async () => {
    const first = await host.ceremony(rootBox)
    const second = await host.ceremony(rootBox, 2)
    const { issuing, served } = await host.load()
    assert.equal(issuing.authority.certificate.fingerprint, second.fingerprint)
    assert.equal(served.bundle.sequence, 2)
    assert.deepEqual(await host.fileSystem.list(files.retired), [first.fingerprint])
    assert.ok((await host.fileSystem.list(`${files.retired}/${first.fingerprint}`)).includes('key.pem'))
  })

  it('the same again → nothing changes', async () => {
    const certificate = await host.ceremony(rootBox)
    const again = await host.install({ intermediatePem: certificate.pem, bundleText: await rootBox.bundle() })
    assert.equal(again.certificate.fingerprint, certificate.fingerprint)
    assert.equal(again.retired, undefined)
  })

  it('for another key → key-mismatch', async () => {
    await host.init()
    const other = await createCertificateRequest({ keyPair: await generateKeyPair('ec-p256') })
    const request = encodePem('CERTIFICATE REQUEST', other)
    await refused('key-mismatch', { intermediatePem: await rootBox.sign(request) })
  })

  it('signed by another root, by the bundle of another root, or without a root that is known → refused', async () => {
    const { requestPem } = await host.init()
    const other = await createRootBox('Other Root')
    const intermediatePem = await rootBox.sign(requestPem)
    await refused('chain-untrusted', { intermediatePem: await other.sign(requestPem) })
    await refused('bundle-untrusted', { intermediatePem, bundleText: await other.bundle() })
    await assert.rejects(
      installAuthority({
        fileSystem: host.fileSystem,
        state,
        now,
        intermediatePem,
        bundleText: await rootBox.bundle(),
      }),
      { code: 'bundle-untrusted' },
    )
  })

  it('an operator signs a wrong intermediate: the root itself, one that has ended, none at all → refused', async () => {
    const { requestPem } = await host.init()
    await refused('key-mismatch', { intermediatePem: rootBox.root.pem })
    const longAgo = await rootBox.sign(requestPem, { now: now - dayMs / 2, lifetimeSeconds: 3_600 })
    await refused('certificate-expired', { intermediatePem: longAgo })
    await refused('pem-invalid', { intermediatePem: 'no certificate' })
  })

  it('distrusted by the bundle → chain-untrusted', async () => {
    const { requestPem } = await host.init()
    const intermediatePem = await rootBox.sign(requestPem)
    const { fingerprint } = parseCertificate(intermediatePem)
    const bundleText = await rootBox.bundle({ distrusted: [fingerprint] })
    await refused('chain-untrusted', { intermediatePem, bundleText })
  })

  it('a bundle rolled back, doubled, emptied, of another trust domain, or altered → refused, and the old stays', async () => {
    await host.ceremony(rootBox, 5)
    const { requestPem } = await host.init()
    const intermediatePem = await rootBox.sign(requestPem)
    const other = await createRootBox('Other Root')
    const held = await readText(host.fileSystem, files.bundle)
    for (const rootFingerprint of [rootBox.root.fingerprint, undefined]) {
      const refusedWith = async (code: string, bundleText: string) => {
        const options = {
          fileSystem: host.fileSystem,
          state,
          now,
          intermediatePem,
          bundleText,
          trustDomain: 'test.example',
        }
        const installing = installAuthority(rootFingerprint ? { ...options, rootFingerprint } : options)
        await assert.rejects(installing, { code })
      }
      await refusedWith('bundle-older', await rootBox.bundle({ sequence: 4 }))
      await refusedWith(
        'bundle-invalid',
        await rootBox.bundle({ sequence: 5, roots: [rootBox.root, other.root] }),
      )
      await refusedWith('bundle-invalid', await rootBox.bundle({ sequence: 6, trustDomain: 'other.example' }))
      await refusedWith('bundle-untrusted', await other.bundle({ sequence: 6 }))
      await refusedWith('bundle-invalid', '{}')
    }
    assert.equal(await readText(host.fileSystem, files.bundle), held)
  })

  it('without a request → file-missing', async () => {
    const { requestPem } = await host.init()
    const intermediatePem = await rootBox.sign(requestPem)
    await host.fileSystem.remove(files.next.folder)
    await refused('file-missing', { intermediatePem })
  })

  it('power lost at any step → the old authority or the new one, and the next run finishes', async () => {
    const first = await host.ceremony(rootBox)
    const { requestPem } = await host.init()
    const input = {
      intermediatePem: await rootBox.sign(requestPem),
      bundleText: await rootBox.bundle({ sequence: 2 }),
    }
    const newKey = await readText(host.fileSystem, files.next.key)
    const seen = { old: 0, new: 0 }
    await losePowerAtEachStep({
      async prepare() {
        const prepared = await createIssuerHost(rootBox)
        await copyState(host, prepared)
        return { host: prepared, prepared: input }
      },
      work: ({ install }) => install(input),
      async check({ install, fileSystem }) {
        await activateNext(fileSystem, files)
        const { fingerprint } = parseCertificate(await readText(fileSystem, files.current.certificate))
        if (fingerprint === first.fingerprint) seen.old++
        else seen.new++
        const { certificate } = await install(input)
        assert.equal(await readText(fileSystem, files.current.certificate), certificate.pem)
        assert.equal(await readText(fileSystem, files.current.key), newKey)
        assert.deepEqual(await fileSystem.list(files.retired), [first.fingerprint])
        assert.equal(await fileSystem.status(files.next.folder), undefined)
      },
    })
    assert.ok(seen.old > 0 && seen.new > 0, JSON.stringify(seen))
  })
})
