import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { readEnrolmentToken } from '@mayfly/ca-core'
import { assertRefused } from '../support/assert-refused.ts'
import {
  attempted,
  auditOf,
  createHost,
  createIssuerKit,
  type IssuerKit,
  testPolicy,
} from '../support/issuer-kit.ts'

describe('identities and tokens', () => {
  let kit: IssuerKit

  beforeEach(async () => {
    kit = await createIssuerKit()
  })
  afterEach(() => kit.close())

  const add = (name: string, names: readonly string[]) =>
    attempted(kit.issuer, 'identity.add', undefined, (attempt) =>
      kit.issuer.addIdentity({ name, profile: 'peer', names }, attempt),
    )
  const createToken = (order: Parameters<IssuerKit['issuer']['createToken']>[0]) =>
    attempted(kit.issuer, 'token.create', undefined, (attempt) => kit.issuer.createToken(order, attempt))

  it('added → listed with canonical names, never enrolled', async () => {
    const view = await add('billing', [
      'DNS:Billing.Example.'.toLowerCase(),
      'ip:192.0.2.4',
      'dns:billing.example',
    ])
    assert.deepEqual(view.names, ['dns:billing.example', 'ip:192.0.2.4'])
    assert.equal(view.state, 'new')
    assert.deepEqual(await kit.issuer.listIdentities(), { identities: [view] })
  })

  it('added twice → identity-exists; a bad name, or none → name-invalid', async () => {
    await add('billing', ['billing.example'])
    await assertRefused('identity-exists', add('billing', ['billing.example']), kit)
    await assertRefused('identity-exists', add('issuer', ['billing.example']), kit)
    for (const name of ['../etc', 'UPPER', 'a..b', '', 'a/b', 'x'.repeat(64)]) {
      await assertRefused('name-invalid', add(name, ['billing.example']), kit)
    }
    await assertRefused('name-invalid', add('empty', []), kit)
    await assertRefused('name-invalid', add('bad', ['dns:not a name']), kit)
  })

  it('names that no certificate of this issuer can carry → refused at once, not at the first enrolment', async () => {
    const [ours, other] = ['uri:spiffe://test.example/a', 'uri:spiffe://test.example/b']
    const order = (names: readonly string[]) => ({ identity: 'billing', profile: 'peer' as const, names })
    for (const [code, names] of [
      ['profile-violation', [ours, other]],
      ['profile-violation', [ours, 'uri:https://a.example/']],
      ['profile-violation', ['uri:spiffe://test.example']],
      ['names-not-allowed', ['uri:spiffe://other.example/a']],
      ['names-not-allowed', ['uri:spiffe://test.example.other/a', 'dns:a.example']],
    ] as const) {
      await assertRefused(code, add('billing', names), kit)
      await assertRefused(code, createToken(order(names)), kit)
    }
    assert.deepEqual((await add('billing', [ours])).names, [ours])
  })

  it('listed in pages, and by suspension', async () => {
    for (const name of ['a', 'b', 'c']) await add(name, [`${name}.example`])
    await attempted(kit.issuer, 'identity.suspend', undefined, (attempt) =>
      kit.issuer.suspendIdentity('b', attempt),
    )
    const names = async (filter: Parameters<IssuerKit['issuer']['listIdentities']>[0]) =>
      (await kit.issuer.listIdentities(filter)).identities.map(({ name }) => name)
    assert.deepEqual(await names({ limit: 2 }), ['a', 'b'])
    assert.deepEqual(await names({ afterName: 'b' }), ['c'])
    assert.deepEqual(await names({ state: 'suspended' }), ['b'])
  })

  it('unknown → identity-unknown', async () => {
    await assert.rejects(kit.issuer.showIdentity('nobody'), { code: 'identity-unknown' })
    const suspending = attempted(kit.issuer, 'identity.suspend', undefined, (attempt) =>
      kit.issuer.suspendIdentity('nobody', attempt),
    )
    await assertRefused('identity-unknown', suspending, kit)
  })

  it("the issuer's own is suspended → refused: nobody could ask it for anything then", async () => {
    const suspending = attempted(kit.issuer, 'identity.suspend', undefined, (attempt) =>
      kit.issuer.suspendIdentity('issuer', attempt),
    )
    await assertRefused('forbidden', suspending, kit)
  })

  it('suspended twice → the first suspension stays', async () => {
    await add('billing', ['billing.example'])
    const suspend = () =>
      attempted(kit.issuer, 'identity.suspend', undefined, (attempt) =>
        kit.issuer.suspendIdentity('billing', attempt),
      )
    const { suspension } = await suspend()
    await kit.clock.advance(1_000)
    assert.deepEqual((await suspend()).suspension, suspension)
  })

  it('a token names the issuer, the root, the identity and its names', async () => {
    await add('billing', ['billing.example'])
    const { token, jti, expiresAt } = await createToken({ identity: 'billing' })
    const claims = readEnrolmentToken(token)
    assert.deepEqual(claims, {
      issuerUrl: testPolicy.issuerUrl,
      rootFingerprint: kit.bundle.roots[0]?.fingerprint,
      identity: 'billing',
      profile: 'peer',
      names: ['dns:billing.example'],
      jti,
      issuedAt: kit.clock.now(),
      expiresAt: Date.parse(expiresAt),
    })
    assert.deepEqual(await kit.issuer.listTokens(), [
      {
        jti,
        identity: 'billing',
        state: 'open',
        createdAt: '2026-01-15T12:00:00.000Z',
        expiresAt,
      },
    ])
  })

  it('a token is in no audit record and not in the store', async () => {
    const { token } = await createToken({ identity: 'web-1', names: ['web-1.example'] })
    await createHost(() => kit, 'web-1', '192.0.2.1').enroll({ token })
    const [, , signature = ''] = token.split('.')
    assert.ok(!JSON.stringify(await auditOf(kit)).includes(signature))
  })

  it('a token for an identity that is not there: with names → it is added; without → identity-unknown', async () => {
    await assertRefused('identity-unknown', createToken({ identity: 'web-1' }), kit)
    await createToken({ identity: 'web-1', names: ['web-1.example'] })
    const { names, profile } = await kit.issuer.showIdentity('web-1')
    assert.deepEqual([names, profile], [['dns:web-1.example'], 'server'])
  })

  it('a token that says other than the identity is → identity-exists', async () => {
    await add('billing', ['billing.example'])
    await createToken({ identity: 'billing', names: ['dns:billing.example'], profile: 'peer' })
    await assertRefused(
      'identity-exists',
      createToken({ identity: 'billing', names: ['other.example'] }),
      kit,
    )
    await assertRefused('identity-exists', createToken({ identity: 'billing', profile: 'server' }), kit)
  })

  it('a token that would live too long → token-invalid; none revoked → token-unknown', async () => {
    const order = { identity: 'web-1', names: ['web-1.example'], lifetimeSeconds: 2 * 86_400 }
    await assertRefused('token-invalid', createToken(order), kit)
    const revoking = attempted(kit.issuer, 'token.revoke', undefined, (attempt) =>
      kit.issuer.revokeToken('nothing', attempt),
    )
    await assertRefused('token-unknown', revoking, kit)
  })
})
