import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import {
  createCertificateRequest,
  createEnrolmentToken,
  dayMs,
  encodeBase64url,
  generateKeyPair,
  type KeyPair,
  parseNames,
} from '@mayfly/ca-core'
import { assertRefused } from '../support/assert-refused.ts'
import {
  attempted,
  auditOf,
  createHost,
  createIssuerKit,
  createTestToken,
  firstOf,
  type IssuerKit,
  type TestHost,
  testPolicy,
} from '../support/issuer-kit.ts'

describe('enrolment', () => {
  let kit: IssuerKit
  let host: TestHost

  beforeEach(async () => {
    kit = await createIssuerKit()
    host = createHost(() => kit, 'web-1', '192.0.2.1')
  })
  afterEach(() => kit.close())

  const refused = (code: Parameters<typeof assertRefused>[0], asking: Promise<unknown>) =>
    assertRefused(code, asking, kit)

  it('a token → the first certificate of a lineage, with the names of the policy', async () => {
    const { certificate } = await host.enroll()
    assert.deepEqual(certificate.names, [{ type: 'dns', value: 'web-1.example' }])
    assert.deepEqual(certificate.extendedKeyUsage, ['serverAuth'])
    const { state, lineage, newest, seen } = await kit.issuer.showIdentity('web-1')
    assert.equal(state, 'active')
    assert.deepEqual(lineage, { number: 1, generation: 1 })
    assert.equal(newest?.serial, certificate.serial)
    assert.equal(seen?.address, '192.0.2.1')
    assert.deepEqual(kit.steps, ['request.accepted', 'intent.recorded', 'signed', 'certificate.recorded'])
  })

  it('the same token and key → the same answer, also after a restart', async () => {
    const token = await createTestToken(kit, 'web-1')
    const keyPair = await generateKeyPair('ec-p256')
    const first = await host.enroll({ token, keyPair })
    kit = await kit.restart()
    const second = await host.enroll({ token, keyPair })
    assert.equal(second.certificate.pem, first.certificate.pem)
    assert.equal((await kit.store.counts(kit.clock.now())).issued, 1)
  })

  it('the same token and key at once → one certificate', async () => {
    const token = await createTestToken(kit, 'web-1')
    const keyPair = await generateKeyPair('ec-p256')
    const asking = Promise.all(Array.from({ length: 5 }, () => host.enroll({ token, keyPair })))
    const turning = setInterval(() => void kit.clock.advance(50), 1)
    const serials = (await asking).map(({ certificate }) => certificate.serial)
    clearInterval(turning)
    assert.equal(new Set(serials).size, 1)
    assert.equal((await kit.store.counts(kit.clock.now())).issued, 1)
  })

  it('token replayed for another key → token-used', async () => {
    const token = await createTestToken(kit, 'web-1')
    await host.enroll({ token })
    await refused('token-used', host.enroll({ token }))
  })

  it('the daily quota used up → quota-exceeded until the next day', async () => {
    await kit.close()
    kit = await createIssuerKit({ policy: { dailyQuota: 1 } })
    await host.enroll()
    await refused('quota-exceeded', host.enroll())
    await kit.clock.advance(dayMs / 2)
    await host.enroll()
  })

  it('token revoked → token-revoked, also for the key that it was used for', async () => {
    const token = await createTestToken(kit, 'web-1')
    const keyPair = await generateKeyPair('ec-p256')
    await host.enroll({ token, keyPair })
    const [{ jti } = { jti: '' }] = await kit.issuer.listTokens()
    await attempted(kit.issuer, 'token.revoke', undefined, (attempt) => kit.issuer.revokeToken(jti, attempt))
    await refused('token-revoked', host.enroll({ token, keyPair }))
    assert.equal((await kit.issuer.listTokens())[0]?.state, 'revoked')
  })

  it('a late message with an older token, after a newer one → token-revoked, and the newer lineage stays', async () => {
    const older = await createTestToken(kit, 'web-1')
    await kit.clock.advance(1_000)
    const newer = await createTestToken(kit, 'web-1')
    await host.enroll({ token: newer })
    await refused('token-revoked', host.enroll({ token: older }))
    assert.deepEqual((await kit.issuer.showIdentity('web-1')).lineage, { number: 1, generation: 1 })
  })

  it('an older token first, then a newer one → each begins a lineage', async () => {
    const older = await createTestToken(kit, 'web-1')
    await kit.clock.advance(1_000)
    const newer = await createTestToken(kit, 'web-1')
    const keyPair = await generateKeyPair('ec-p256')
    const first = await host.enroll({ token: older, keyPair })
    await host.enroll({ token: newer })
    assert.deepEqual((await kit.issuer.showIdentity('web-1')).lineage, { number: 2, generation: 1 })
    // The doubled message of the first is answered as it was, and ends nothing.
    assert.equal((await host.enroll({ token: older, keyPair })).certificate.pem, first.certificate.pem)
    assert.deepEqual((await kit.issuer.showIdentity('web-1')).lineage, { number: 2, generation: 1 })
  })

  it('token expired → token-expired', async () => {
    const token = await createTestToken(kit, 'web-1')
    await kit.clock.advance((testPolicy.tokenLifetimeSeconds + 1) * 1_000)
    await refused('token-expired', host.enroll({ token }))
  })

  it('token by another issuer → token-other-issuer; by another key → token-invalid; unknown here → token-unknown', async () => {
    const other = await generateKeyPair('ec-p256')
    await refused('token-other-issuer', host.enroll({ token: await forged(other, 'https://other.example') }))
    await refused('token-invalid', host.enroll({ token: await forged(other) }))
    await refused('token-unknown', host.enroll({ token: await forged(kit.ports.tokenKey) }))
  })

  it('token with alg none, or altered → token-invalid', async () => {
    const [header = '', payload = '', signature = ''] = (await createTestToken(kit, 'web-1')).split('.')
    const none = Buffer.from(header, 'base64url').toString().replace('ES256', 'none')
    await refused(
      'token-invalid',
      host.enroll({ token: `${encodeBase64url(Buffer.from(none))}.${payload}.` }),
    )
    const other = Buffer.from(payload, 'base64url').toString().replace('web-1', 'web-2')
    const altered = `${header}.${encodeBase64url(Buffer.from(other))}.${signature}`
    await refused('token-invalid', host.enroll({ token: altered }))
  })

  it('without a token → refused', async () => {
    const csr = await csrOf(await generateKeyPair('ec-p256'))
    const enrolling = attempted(kit.issuer, 'enroll', '192.0.2.1', (attempt) =>
      kit.issuer.enroll({ csr }, { kind: 'anonymous' }, attempt),
    )
    await refused('request-unauthenticated', enrolling)
  })

  it('a suspended identity → refused by its token', async () => {
    const token = await createTestToken(kit, 'web-1')
    await attempted(kit.issuer, 'identity.suspend', undefined, (attempt) =>
      kit.issuer.suspendIdentity('web-1', attempt),
    )
    await refused('identity-suspended', host.enroll({ token }))
    await refused('identity-suspended', createTestToken(kit, 'web-1'))
  })

  it('names outside the policy → names-not-allowed, and the token is still good', async () => {
    const token = await createTestToken(kit, 'web-1')
    const keyPair = await generateKeyPair('ec-p256')
    const csr = await csrOf(keyPair, ['dns:web-1.example', 'dns:web-2.example'])
    const enrolling = attempted(kit.issuer, 'enroll', '192.0.2.1', async (attempt) =>
      kit.issuer.enroll(
        { csr },
        await kit.issuer.authenticateToken(token, { address: '192.0.2.1' }),
        attempt,
      ),
    )
    await refused('names-not-allowed', enrolling)
    assert.equal((await host.enroll({ token, keyPair })).certificate.names.length, 1)
  })

  it('a key type outside the policy → key-type-unsupported', async () => {
    await refused('key-type-unsupported', host.enroll({ keyPair: await generateKeyPair('ec-p384') }))
  })

  it("another identity's key → key-reused", async () => {
    const keyPair = await generateKeyPair('ec-p256')
    await host.enroll({ keyPair })
    await refused('key-reused', createHost(() => kit, 'web-2', '192.0.2.2').enroll({ keyPair }))
    await refused('key-reused', host.enroll({ keyPair }))
  })

  it('two tokens of one identity at once → two lineages, of which the later goes on', async () => {
    const [one, two] = [
      createHost(() => kit, 'web-1', '192.0.2.1'),
      createHost(() => kit, 'web-1', '192.0.2.2'),
    ]
    const tokens = [await createTestToken(kit, 'web-1'), await createTestToken(kit, 'web-1')]
    await Promise.all([one.enroll({ token: tokens[0] ?? '' }), two.enroll({ token: tokens[1] ?? '' })])
    const outcomes = await Promise.allSettled([one.request(), two.request()])
    assert.deepEqual(outcomes.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
    assert.equal((await kit.issuer.showIdentity('web-1')).lineage?.number, 2)
  })

  it('signing fails → an error, a burnt serial, and the same token and key may try again', async () => {
    const token = await createTestToken(kit, 'web-1')
    const keyPair = await generateKeyPair('ec-p256')
    kit.signer.failure = new Error('the token was pulled')
    await assert.rejects(host.enroll({ token, keyPair }), /pulled/)
    kit.signer.failure = undefined
    await host.enroll({ token, keyPair })
    const { issued, burnt } = await kit.store.counts(kit.clock.now())
    assert.deepEqual([issued, burnt], [1, 1])
  })

  it('every attempt is in the audit, with who, from where, what came of it, and its beginning', async () => {
    await host.enroll()
    const [created, begun, issued] = await auditOf(kit)
    assert.equal(created?.action, 'token.create')
    assert.equal(begun?.outcome, 'begun')
    assert.equal(begun?.serial, issued?.serial)
    const { actor, address, outcome, serial, identity } = issued ?? {}
    assert.deepEqual([address, outcome, identity], ['192.0.2.1', 'issued', 'web-1'])
    assert.equal((actor as { kind: string }).kind, 'token')
    assert.equal(serial, host.current.certificate.serial)
  })

  async function forged(keyPair: KeyPair, issuerUrl: string = testPolicy.issuerUrl): Promise<string> {
    return createEnrolmentToken({
      keyPair,
      issuerUrl,
      rootFingerprint: 'ab'.repeat(32),
      identity: 'web-1',
      profile: 'server',
      names: ['dns:web-1.example'],
      jti: 'a-jti-that-nobody-made',
      now: kit.clock.now(),
    })
  }
})

describe('the chain of an answer', () => {
  it('leaf and intermediate, root left out', async () => {
    const kit = await createIssuerKit()
    const host = createHost(() => kit, 'web-1', '192.0.2.1')
    const { keyPair } = await host.enroll()
    const found = await kit.issuer.certificate(keyPair.publicKey.hash)
    assert.equal(found?.chainPem.match(/BEGIN CERTIFICATE/g)?.length, 2)
    assert.equal(firstOf(found?.chainPem ?? '').publicKey.hash, keyPair.publicKey.hash)
    await kit.close()
  })
})

async function csrOf(keyPair: KeyPair, names: readonly string[] = []): Promise<string> {
  return encodeBase64url(await createCertificateRequest({ keyPair, names: parseNames(names) }))
}
