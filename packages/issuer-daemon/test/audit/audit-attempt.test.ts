import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { MayflyError } from '@mayfly/ca-core'
import { endingOfError } from '../../src/audit/audit-attempt.ts'
import { createFaultyStore, type FaultyStore } from '../support/faulty-store.ts'
import { auditOf, createIssuerKit, type IssuerKit } from '../support/issuer-kit.ts'

describe('audit attempt', () => {
  let kit: IssuerKit
  let faulty: FaultyStore

  beforeEach(async () => {
    faulty = createFaultyStore()
    kit = await createIssuerKit({ wrapStore: (store) => faulty.wrap(store) })
  })
  afterEach(() => kit.close())

  const open = () => kit.issuer.openAudit({ requestId: 'request-1', action: 'enroll', address: '192.0.2.1' })

  it('refused → one record, with all that was learned', async () => {
    const attempt = open()
    attempt.learn({ actor: { kind: 'token', jti: 'j', identity: 'web-1' } })
    await attempt.close(endingOfError(new MayflyError('token-used', 'used')))
    assert.deepEqual(await auditOf(kit), [
      {
        action: 'enroll',
        actor: { identity: 'web-1', jti: 'j', kind: 'token' },
        address: '192.0.2.1',
        at: '2026-01-15T12:00:00.000Z',
        outcome: 'refused',
        reason: 'token-used',
        requestId: 'request-1',
      },
    ])
  })

  it('concluded by its use case → closing adds nothing', async () => {
    const attempt = open()
    const at = kit.clock.now()
    await kit.store.commit([{ at, parts: [attempt.ending(at, { outcome: 'issued' })] }])
    attempt.concluded()
    await attempt.close({ outcome: 'done' })
    assert.equal((await auditOf(kit)).length, 1)
  })

  it('the store cannot be written → closing fails, so that nothing is answered', async () => {
    faulty.refuses = 'append-audit'
    const attempt = open()
    await assert.rejects(attempt.close({ outcome: 'refused' }), { code: 'store-unavailable' })
    assert.equal(attempt.isConcluded, false)
    faulty.refuses = undefined
    await attempt.close({ outcome: 'refused' })
    assert.equal((await auditOf(kit)).length, 1)
  })

  it('endings: what the caller did is refused, what is ours failed', () => {
    assert.deepEqual(endingOfError(new MayflyError('rate-limited', '')), {
      outcome: 'refused',
      reason: 'rate-limited',
    })
    assert.deepEqual(endingOfError(new MayflyError('clock-wrong', '')), {
      outcome: 'failed',
      reason: 'clock-wrong',
    })
    assert.deepEqual(endingOfError(new TypeError('oops')), { outcome: 'failed', reason: 'internal' })
  })
})
