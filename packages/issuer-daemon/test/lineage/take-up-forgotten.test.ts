import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Certificate, dayMs, formatInstant, hourMs, type Instant } from '@mayfly/ca-core'
import { type ForgottenState, refuseForgotten } from '../../src/lineage/take-up-forgotten.ts'
import type { IdentityRecord } from '../../src/store/identity-record.ts'
import { createHost, createIssuerKit, type IssuerKit } from '../support/issuer-kit.ts'

describe('a certificate that a restored store forgot', () => {
  let kit: IssuerKit
  let other: IssuerKit
  let certificate: Certificate
  let identity: IdentityRecord
  let now: Instant
  before(async () => {
    kit = await createIssuerKit()
    other = await createIssuerKit()
    certificate = (await createHost(() => kit, 'web-1', '192.0.2.1').enroll()).certificate
    const found = await kit.store.identity({ name: 'web-1' })
    assert.ok(found)
    const { seen: _, ...unseen } = found
    identity = unseen
    now = kit.clock.now()
  })
  after(async () => {
    await kit.close()
    await other.close()
  })

  const authorityOf = ({ ports }: IssuerKit) => ports.authority().authority.certificate
  const restoredBetween = (fromMs: number, toMs: number) => ({
    backupAt: formatInstant(now + fromMs),
    restoredAt: formatInstant(now + toMs),
  })
  const good = (): ForgottenState => ({
    authority: authorityOf(kit),
    restored: restoredBetween(-hourMs, hourMs),
    identity,
  })

  it('of our authority, from between the backup and the restore, for the identity as it is → may be taken up', () => {
    assert.equal(refuseForgotten(certificate, good(), now), undefined)
  })

  const cases: readonly [what: string, state: () => Partial<ForgottenState>, because: string][] = [
    ['another authority of the same name', () => ({ authority: authorityOf(other) }), 'not of our authority'],
    ['from before the backup', () => ({ restored: restoredBetween(hourMs, 2 * hourMs) }), 'not forgotten'],
    ['from after the restore', () => ({ restored: restoredBetween(-2 * hourMs, -hourMs) }), 'not forgotten'],
    ['of nobody whom the backup knows', () => ({ identity: undefined }), 'identity unknown'],
    [
      'of a suspended identity',
      () => ({ identity: { ...identity, suspension: { at: 0, because: 'operator', addresses: [] } } }),
      'identity suspended',
    ],
    [
      'with a name that the identity has not',
      () => ({ identity: { ...identity, names: identity.names.slice(1) } }),
      'other names',
    ],
    [
      'without a name that the identity has',
      () => ({ identity: { ...identity, names: [...identity.names, 'dns:more.example'] } }),
      'other names',
    ],
    ['of another profile', () => ({ identity: { ...identity, profile: 'client' } }), 'another profile'],
    [
      'of an identity that has asked since the restore',
      () => ({ identity: { ...identity, seen: { at: now + 2 * hourMs, address: '192.0.2.9' } } }),
      'identity is in use',
    ],
  ]
  for (const [what, state, because] of cases) {
    it(`a restored backup: a certificate ${what} → ${because}`, () => {
      assert.equal(refuseForgotten(certificate, { ...good(), ...state() }, now), because)
    })
  }

  it('a restored backup: a certificate expired, from the future, or an authority itself → refused', () => {
    assert.equal(refuseForgotten(certificate, good(), certificate.notAfter), 'expired')
    assert.equal(refuseForgotten(certificate, good(), certificate.notBefore - dayMs), 'expired')
    const authority = { ...certificate, isCa: true } as Certificate
    assert.equal(refuseForgotten(authority, good(), now), 'not of our authority')
  })
})
