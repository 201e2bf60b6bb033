import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { formatName, generateKeyPair, MayflyError, minuteMs, parseName } from '@mayfly/ca-core'
import type { Change } from '../../src/store/change.ts'
import { assertRefused } from '../support/assert-refused.ts'
import { createFaultyStore, type FaultyStore, recordCommits } from '../support/faulty-store.ts'
import {
  attempted,
  auditOf,
  createHost,
  createIssuerKit,
  createTestToken,
  firstOf,
  type IssuerKit,
} from '../support/issuer-kit.ts'

describe('issuing', () => {
  let kit: IssuerKit
  let faulty: FaultyStore
  const commits: (readonly Change[])[] = []

  beforeEach(async () => {
    faulty = createFaultyStore()
    commits.length = 0
    kit = await createIssuerKit({ wrapStore: (store) => recordCommits(faulty.wrap(store), commits) })
  })
  afterEach(() => kit.close())

  const host = (name = 'web-1') => createHost(() => kit, name, '192.0.2.1')

  it('the intent is durable before the signature, certificate and audit together after it', async () => {
    const token = await createTestToken(kit, 'web-1')
    commits.length = 0
    await host().enroll({ token })
    const parts = commits.map((changes) => changes.flatMap((change) => change.parts.map((part) => part.do)))
    assert.deepEqual(parts, [
      ['require-untainted', 'use-token', 'move-identity', 'append-audit', 'intend'],
      ['require-untainted', 'record', 'append-audit'],
    ])
  })

  it('the intent cannot be written → nothing is signed', async () => {
    faulty.refuses = 'intend'
    await assert.rejects(host().enroll(), { code: 'store-unavailable' })
    assert.equal(kit.signer.signatures, 0)
  })

  it('the HSM does not sign → hsm-unavailable, and a burnt serial; it signs again → the same request is answered', async () => {
    const token = await createTestToken(kit, 'web-1')
    const keyPair = await generateKeyPair('ec-p256')
    kit.signer.failure = new MayflyError('hsm-unavailable', 'The token is out.')
    await assertRefused('hsm-unavailable', host().enroll({ token, keyPair }), kit)
    assert.equal((await kit.store.counts(kit.clock.now())).burnt, 1)
    kit.signer.failure = undefined
    await host().enroll({ token, keyPair })
  })

  it('suspended between the intent and the record → nothing is given out, by answer or by key', async () => {
    const token = await createTestToken(kit, 'web-1')
    const keyPair = await generateKeyPair('ec-p256')
    faulty.before = {
      part: 'record',
      act: () =>
        attempted(kit.issuer, 'identity.suspend', undefined, (attempt) =>
          kit.issuer.suspendIdentity('web-1', attempt),
        ),
    }
    await assertRefused('identity-suspended', host().enroll({ token, keyPair }), kit)
    assert.ok(kit.signer.signatures > 0, 'it was signed by then')
    await attempted(kit.issuer, 'identity.resume', undefined, (attempt) =>
      kit.issuer.resumeIdentity('web-1', attempt),
    )
    assert.equal(await kit.issuer.certificate(keyPair.publicKey.hash), undefined)
    assert.equal((await kit.store.counts(kit.clock.now())).burnt, 1)
    await host().enroll({ token, keyPair })
  })

  it('the certificate cannot be recorded → nothing is answered; the next start reports the burnt serial', async () => {
    const token = await createTestToken(kit, 'web-1')
    const keyPair = await generateKeyPair('ec-p256')
    faulty.refuses = 'record'
    await assert.rejects(host().enroll({ token, keyPair }), { code: 'store-unavailable' })
    faulty.refuses = undefined
    kit = await kit.restart()
    const [burnt, ...others] = await kit.issuer.recover()
    assert.ok(burnt && others.length === 0)
    assert.equal((await auditOf(kit)).at(-1)?.serial, burnt.serial)
    assert.ok(kit.steps.includes('serial.burnt'))
    assert.notEqual((await host().enroll({ token, keyPair })).certificate.serial, burnt.serial)
    assert.deepEqual(await kit.issuer.recover(), [])
  })

  it('an intent that lapsed while running → given up by a sweep, not by a quick one', async () => {
    faulty.refuses = 'record'
    await assert.rejects(host().enroll(), { code: 'store-unavailable' })
    faulty.refuses = undefined
    await kit.issuer.sweep({ until: kit.clock.now() })
    assert.equal((await kit.store.counts(kit.clock.now())).burnt, 0)
    await kit.clock.advance(6 * minuteMs)
    await kit.issuer.sweep({ until: kit.clock.now() })
    assert.equal((await kit.store.counts(kit.clock.now())).burnt, 1)
  })

  it('the record comes through after its caller was told to come again → the same certificate when it does', async () => {
    const token = await createTestToken(kit, 'web-1')
    const keyPair = await generateKeyPair('ec-p256')
    faulty.late = 'record'
    await assert.rejects(host().enroll({ token, keyPair }), {
      code: 'store-unavailable',
      retry: { afterSeconds: 10 },
    })
    await faulty.comeThrough()
    const recorded = firstOf((await kit.issuer.certificate(keyPair.publicKey.hash))?.chainPem ?? '')
    assert.equal((await host().enroll({ token, keyPair })).certificate.serial, recorded.serial)
    assert.equal((await kit.store.counts(kit.clock.now())).issued, 1)
  })

  it('the intent comes through after its caller was told so → its serial is burnt, and the key gets one certificate', async () => {
    const token = await createTestToken(kit, 'web-1')
    const keyPair = await generateKeyPair('ec-p256')
    faulty.late = 'intend'
    await assert.rejects(host().enroll({ token, keyPair }), { code: 'store-unavailable' })
    assert.equal(kit.signer.signatures, 0)
    await faulty.comeThrough()
    await kit.clock.advance(6 * minuteMs)
    await kit.issuer.sweep({ until: kit.clock.now() })
    assert.equal(await kit.issuer.certificate(keyPair.publicKey.hash), undefined)
    await host().enroll({ token, keyPair })
    const { issued, burnt } = await kit.store.counts(kit.clock.now())
    assert.deepEqual([issued, burnt], [1, 1])
  })

  it('without an authority → authority-missing, and no serial is used', async () => {
    const token = await createTestToken(kit, 'web-1')
    const { ports } = kit
    const bare = {
      ...ports,
      authority: () => {
        throw new MayflyError('authority-missing', 'none')
      },
    }
    const { createIssuer } = await import('../../src/issuing/create-issuer.ts')
    const without: IssuerKit = { ...kit, issuer: createIssuer(bare) }
    await assert.rejects(createHost(() => without, 'web-1', '192.0.2.1').enroll({ token }), {
      code: 'authority-missing',
    })
    const { issued, burnt } = await kit.store.counts(kit.clock.now())
    assert.deepEqual([issued, burnt], [0, 0])
    assert.ok((await without.issuer.status()).alarms.some(({ because }) => because === 'authority-missing'))
  })

  it("mintOwn: the issuer's own names and key, on the same way; no token for its identity", async () => {
    const { publicKey } = await generateKeyPair('ec-p256')
    const names = [parseName('dns:issuer.example'), parseName('ip:192.0.2.9')]
    const { answer, renewAt } = await kit.issuer.mintOwn({ name: 'issuer', names, publicKey })
    const leaf = firstOf(answer.chain)
    assert.deepEqual(leaf.names.map(formatName), names.map(formatName))
    assert.ok(renewAt > kit.clock.now() && renewAt < leaf.notAfter)
    const again = await generateKeyPair('ec-p256')
    await kit.issuer.mintOwn({ name: 'issuer', names: names.slice(0, 1), publicKey: again.publicKey })
    assert.equal((await auditOf(kit)).filter(({ action }) => action === 'mint-own').length, 2)
    await assert.rejects(createTestToken(kit, 'issuer'), { code: 'identity-exists' })
  })

  it('certificate: for a key that has one; none for a suspended identity', async () => {
    const held = await host().enroll()
    const { hash } = held.keyPair.publicKey
    assert.equal(
      firstOf((await kit.issuer.certificate(hash))?.chainPem ?? '').serial,
      held.certificate.serial,
    )
    assert.equal(await kit.issuer.certificate('ab'.repeat(32)), undefined)
    await attempted(kit.issuer, 'identity.suspend', undefined, (attempt) =>
      kit.issuer.suspendIdentity('web-1', attempt),
    )
    assert.equal(await kit.issuer.certificate(hash), undefined)
  })

  it('many enrolments at once → share transactions, each with its own certificate', async () => {
    const hosts = Array.from({ length: 30 }, (_, index) => host(`web-${index}`))
    const tokens = await Promise.all(hosts.map(({ name }) => createTestToken(kit, name)))
    const held = await Promise.all(hosts.map((one, index) => one.enroll({ token: tokens[index] ?? '' })))
    assert.equal(new Set(held.map(({ certificate }) => certificate.serial)).size, 30)
  })

  it('status: counts, the authority, the bundle, and warnings as the intermediate nears its end', async () => {
    await host().enroll()
    const status = await kit.issuer.status()
    assert.deepEqual([status.counts?.identities, status.counts?.issued, status.bundleSequence], [1, 1, 1])
    assert.deepEqual(status.alarms, [])
    await kit.clock.advance(65 * 24 * 60 * minuteMs)
    assert.deepEqual(
      (await kit.issuer.status()).alarms.map(({ because }) => because),
      ['authority-ending'],
    )
    await kit.clock.advance(30 * 24 * 60 * minuteMs)
    await assert.rejects(host('web-2').enroll(), { code: 'authority-expired' })
  })
})
