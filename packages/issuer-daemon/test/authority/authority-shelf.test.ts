import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openAuthorityShelf } from '../../src/authority/authority-shelf.ts'
import {
  createIssuerHost,
  createRootBox,
  type IssuerHost,
  losePowerAtEachStep,
  now,
  passphrase,
  state,
} from '../support/authority-kit.ts'

const rootBox = await createRootBox('Root')

function shelfOf({ fileSystem }: IssuerHost, opensWith: Uint8Array = passphrase) {
  return openAuthorityShelf({ fileSystem, state, now: () => now, passphrase: async () => opensWith })
}

/** With a current intermediate, and another one that the root has signed. */
async function hostWithAnswer() {
  const host = await createIssuerHost(rootBox)
  const current = await host.ceremony(rootBox)
  const { requestPem } = await host.init()
  const answer = { intermediatePem: await rootBox.sign(requestPem), bundleText: await rootBox.bundle() }
  return { host, current, answer }
}

describe('authority shelf', () => {
  it('installed with --prepare → it waits, and a start leaves the current one in its place', async () => {
    const { host, current, answer } = await hostWithAnswer()
    const { certificate, isPrepared, retired } = await host.install({ ...answer, prepareOnly: true })
    assert.deepEqual([isPrepared, retired], [true, undefined])
    assert.equal((await host.load()).issuing.chain.fingerprint, current.fingerprint)
    assert.deepEqual(
      (await shelfOf(host).slots()).map((one) => [one.slot, one.certificate.fingerprint, one.hasKey]),
      [
        ['current', current.fingerprint, true],
        ['next', certificate.fingerprint, true],
      ],
    )
  })

  it('chosen → the next start takes it up, and the one before is retired with its key until that is destroyed', async () => {
    const { host, current, answer } = await hostWithAnswer()
    const { certificate } = await host.install({ ...answer, prepareOnly: true })
    const shelf = shelfOf(host)
    assert.equal((await shelf.checkPrepared()).fingerprint, certificate.fingerprint)
    await shelf.choosePrepared()
    assert.equal((await host.load()).issuing.chain.fingerprint, certificate.fingerprint)
    await shelf.destroyKey(current.fingerprint)
    assert.deepEqual(
      (await shelf.slots()).map((one) => [one.slot, one.certificate.fingerprint, one.hasKey]),
      [
        ['current', certificate.fingerprint, true],
        ['retired', current.fingerprint, false],
      ],
    )
    const marks = async () => (await shelf.slots()).map(({ isBeingDestroyed }) => isBeingDestroyed)
    assert.deepEqual(await marks(), [false, true])
    await shelf.destroyKey(current.fingerprint)
    await shelf.forgetDestroyed(current.fingerprint)
    assert.deepEqual(await marks(), [false, false])
  })

  it('power lost at any step of the choice → the one or the other is current, and choosing again is done', async () => {
    await losePowerAtEachStep({
      async prepare() {
        const { host, current, answer } = await hostWithAnswer()
        const { certificate } = await host.install({ ...answer, prepareOnly: true })
        return { host, prepared: { current, certificate } }
      },
      work: (host) => shelfOf(host).choosePrepared(),
      async check(host, { current, certificate }) {
        const { fingerprint } = (await host.load()).issuing.chain
        assert.ok([current.fingerprint, certificate.fingerprint].includes(fingerprint))
        await shelfOf(host).choosePrepared()
        assert.equal((await host.load()).issuing.chain.fingerprint, certificate.fingerprint)
      },
    })
  })

  it('none prepared, distrusted since, or another passphrase → says so, before anything is chosen', async () => {
    const { host, answer } = await hostWithAnswer()
    await assert.rejects(shelfOf(host).checkPrepared(), { code: 'not-found', message: /mayfly issuer init/ })
    const { certificate } = await host.install({ ...answer, prepareOnly: true })
    await assert.rejects(shelfOf(host, new TextEncoder().encode('wrong')).checkPrepared(), {
      code: 'passphrase-wrong',
    })
    const bundleText = await rootBox.bundle({ sequence: 2, distrusted: [certificate.fingerprint] })
    const [current] = await shelfOf(host).slots()
    await host.install({ intermediatePem: current?.certificate.pem ?? '', bundleText })
    await assert.rejects(shelfOf(host).checkPrepared(), {
      code: 'chain-untrusted',
      message: /Remove \/var\/lib\/mayfly\/authority\/next and make a new one: `mayfly issuer init`/,
    })
  })

  it('prepared, then installed at once after all → nothing is left waiting', async () => {
    const { host, current, answer } = await hostWithAnswer()
    await host.install({ ...answer, prepareOnly: true })
    assert.equal((await host.install(answer)).retired, current.fingerprint)
    assert.deepEqual(
      (await shelfOf(host).slots()).map(({ slot }) => slot),
      ['current', 'retired'],
    )
  })
})
