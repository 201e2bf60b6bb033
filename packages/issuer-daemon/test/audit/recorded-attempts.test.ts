import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { systemClock } from '@mayfly/platform'
import type { AuditRecord } from '../../src/audit/audit-record.ts'
import type { Answered } from '../support/https-caller.ts'
import { type LiveIssuer, startLiveIssuer } from '../support/live-issuer.ts'
import { heldFrom, newKey, postEnrolment, postRequest, signedRequest } from '../support/test-host.ts'

/** As it is on disk. */
type Told = Omit<AuditRecord, 'at'> & { readonly at: string }

let live: LiveIssuer
before(async () => {
  live = await startLiveIssuer()
})
after(() => live.close())

/** What an attempt leaves in the audit, and that its time is that of the attempt. */
async function recordsOf<Result>(attempt: () => Promise<Result>): Promise<readonly [Result, Told[]]> {
  const { number } = await live.store.auditEnd()
  const startedAt = systemClock.now()
  const result = await attempt()
  const page = await live.store.auditRecords({ afterNumber: number, limit: 100 })
  const records = page.map(({ text }) => JSON.parse(text) as Told)
  for (const { at } of records) {
    assert.ok(Date.parse(at) >= Math.floor(startedAt) && Date.parse(at) <= systemClock.now(), at)
  }
  return [result, records]
}

/** Without the details, which each action has of its own. */
const facts = (records: readonly Told[]) =>
  records.map(({ at: _, details: __, ...record }) => record as object)

const requestIdOf = ({ headers }: Answered) => headers['x-request-id']

test('audit: each attempt, refused or not → its request id, time, address, who, what, outcome, reason, serial', async () => {
  const identity = 'web-1'
  const order = { identity, profile: 'server', names: ['dns:web-1.test'] } as const
  const [{ token, jti }, made] = await recordsOf(() => live.admin.createToken(order))
  const [{ requestId: makingId } = assert.fail('nothing was recorded')] = made
  assert.ok(makingId.length > 10)
  assert.deepEqual(facts(made), [
    {
      ...{ requestId: makingId, action: 'token.create', address: 'local', identity },
      ...{ actor: { kind: 'admin' }, outcome: 'done' },
    },
  ])

  const address = '127.0.0.1'
  const keyPair = await newKey()
  const [joined, joining] = await recordsOf(() => postEnrolment(live, token, { keyPair }))
  const first = heldFrom(joined, keyPair)
  const joiner = { kind: 'token', jti, identity }
  const enrolment = { requestId: requestIdOf(joined), action: 'enroll', address, identity, actor: joiner }
  const one = { generation: 1, serial: first.certificate.serial }
  assert.deepEqual(facts(joining), [
    { ...enrolment, ...one, outcome: 'begun' },
    { ...enrolment, ...one, outcome: 'issued' },
  ])

  const [again, used] = await recordsOf(() => postEnrolment(live, token))
  const reason = (again.json as { code: string }).code
  assert.equal(reason, 'token-used')
  assert.deepEqual(facts(used), [{ ...enrolment, requestId: requestIdOf(again), outcome: 'refused', reason }])

  const holder = { kind: 'lineage', identity, lineage: 1, generation: 1 }
  const [staged, scheduled] = await recordsOf(async () =>
    postRequest(live, await signedRequest(first, { next: await newKey() })),
  )
  const request = { requestId: requestIdOf(staged), action: 'request', address, identity, actor: holder }
  assert.deepEqual(facts(scheduled), [{ ...request, outcome: 'scheduled' }])

  const next = await newKey()
  const replaces = [(staged.json as { keyHash: string }).keyHash]
  const [renewed, renewing] = await recordsOf(async () =>
    postRequest(live, await signedRequest(first, { next, immediate: true, replaces })),
  )
  const two = {
    ...{ requestId: requestIdOf(renewed), generation: 2 },
    serial: heldFrom(renewed, next).certificate.serial,
  }
  assert.deepEqual(facts(renewing), [
    { ...request, ...two, outcome: 'begun' },
    { ...request, ...two, outcome: 'issued', reason: 'immediate' },
  ])

  const [unknown, refused] = await recordsOf(() => postEnrolment(live, 'no.token.here'))
  assert.deepEqual(facts(refused), [
    {
      ...{ requestId: requestIdOf(unknown), action: 'enroll', address, actor: { kind: 'anonymous' } },
      ...{ outcome: 'refused', reason: 'token-invalid' },
    },
  ])
})
