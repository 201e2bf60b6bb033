import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dayMs, hourMs, minuteMs } from '@mayfly/ca-core'
import {
  type NextRequest,
  planRequest,
  type RequestSigner,
  type RequestState,
} from '../../src/lineage/plan-request.ts'
import type { IdentityRecord } from '../../src/store/identity-record.ts'
import type { IssuanceRecord } from '../../src/store/issuance-record.ts'
import { testPolicy, testReport } from '../support/issuer-kit.ts'

const now = Date.UTC(2026, 0, 15, 12)
const headSince = now - hourMs

/** Generation 4 is the head; it was asked for by 3, and 5 and 6 were given out to it. */
const identity: IdentityRecord = {
  id: 1,
  version: 9,
  name: 'web-1',
  profile: 'server',
  names: ['dns:web-1.example', 'dns:www.example'],
  createdAt: now - 9 * dayMs,
  lineagesBegun: 2,
  lineage: { number: 2, headGeneration: 4, headSince, newestGeneration: 6 },
  seen: { at: headSince, address: '192.0.2.1' },
  quota: { day: 0, count: 0 },
}

const head: RequestSigner = {
  keyHash: '04',
  lineage: 2,
  generation: 4,
  parentGeneration: 3,
  notAfter: now + 20 * hourMs,
  renewAt: now + 8 * hourMs,
}
const child: RequestSigner = { ...head, keyHash: '05', generation: 5, parentGeneration: 4 }
const older: RequestSigner = { ...head, keyHash: '03', generation: 3, parentGeneration: 2 }
/** Asked for by generation 3 as well, which has been confirmed to be followed by 4. */
const voided: RequestSigner = { ...head, keyHash: '02', generation: 2, parentGeneration: 1 }

const request: NextRequest = {
  key: { spki: new Uint8Array([1]), keyHash: 'aa', keyType: 'ec-p256', names: [] },
  replaces: [],
  issuedAt: now,
  address: '198.51.100.7',
  immediate: false,
  report: testReport,
}

const known: IssuanceRecord = {
  serial: '41',
  keyHash: 'aa',
  identityId: 1,
  lineage: 2,
  generation: 5,
  parentGeneration: 4,
  state: 'recorded',
  intendedAt: now - hourMs,
  notAfter: now + dayMs,
}

interface Case {
  readonly name: string
  readonly identity?: Partial<IdentityRecord>
  readonly signer?: RequestSigner
  readonly sameKey?: IssuanceRecord
  readonly request?: Partial<NextRequest>
  readonly dailyQuota?: number
  /** What is done, and the code or reason. */
  readonly expected: string
}

/** The head has asked for a key before; `at` is when that was taken. */
const headAsked = (keyHash: string, replaces: readonly string[] = []) => ({
  lineage: {
    number: 2,
    headGeneration: 4,
    headSince,
    newestGeneration: 6,
    asked: { keyHash, replaces, at: now - minuteMs },
  },
})
const suspension = { at: now, because: 'operator', addresses: [] } as const
const dns = (value: string) => ({ type: 'dns', value }) as const

const cases: readonly Case[] = [
  { name: 'the head, ahead of time', expected: 'stage' },
  { name: 'the head, due', signer: { ...head, renewAt: now }, expected: 'mint due' },
  { name: 'the head, ahead of time, immediate', request: { immediate: true }, expected: 'mint immediate' },
  {
    name: 'the head, expired within the recovery window',
    signer: { ...head, notAfter: now - 6 * dayMs, renewAt: now - 7 * dayMs },
    expected: 'mint due',
  },
  {
    name: 'the head, at the last moment of the recovery window',
    signer: { ...head, notAfter: now - 7 * dayMs, renewAt: now - 8 * dayMs },
    expected: 'mint due',
  },
  {
    name: 'the head, after the recovery window',
    signer: { ...head, notAfter: now - 7 * dayMs - 1 },
    expected: 'refuse lineage-expired',
  },
  { name: 'an unconfirmed child', signer: child, expected: 'stage' },
  { name: 'an older generation', signer: older, expected: 'suspend' },
  { name: 'a void generation', signer: voided, expected: 'suspend' },
  {
    name: 'an older generation, signed before the head was confirmed',
    signer: older,
    request: { issuedAt: headSince - 1_000 },
    expected: 'refuse request-stale',
  },
  {
    name: 'an older generation, signed in the second in which the head was confirmed',
    signer: older,
    request: { issuedAt: headSince },
    expected: 'suspend',
  },
  {
    name: 'an older generation, after the recovery window',
    signer: { ...older, notAfter: now - 8 * dayMs },
    expected: 'refuse lineage-expired',
  },
  {
    name: 'an older generation, for the key that it was given',
    signer: older,
    sameKey: { ...known, generation: 4, parentGeneration: 3 },
    expected: 'answer-again same-key',
  },
  {
    name: 'an older generation, for a key that another was given',
    signer: older,
    sameKey: known,
    expected: 'suspend',
  },
  {
    name: 'the head, for the key that it was given',
    sameKey: known,
    expected: 'answer-again same-key',
  },
  {
    name: 'the head, for a key that is being minted for it',
    sameKey: { ...known, state: 'pending' },
    expected: 'wait in-progress',
  },
  {
    name: 'the head, for its own key',
    sameKey: { ...known, generation: 4, parentGeneration: 3 },
    expected: 'refuse key-reused',
  },
  {
    name: "the head, for another identity's key",
    sameKey: { ...known, identityId: 2 },
    expected: 'refuse key-reused',
  },
  {
    name: 'the head, for a key of an ended lineage at the same place',
    sameKey: { ...known, lineage: 1 },
    expected: 'refuse key-reused',
  },
  { name: 'the head, for the key that it asked for before', identity: headAsked('aa'), expected: 'stage' },
  {
    name: 'the head, for a key that replaces the one before',
    identity: headAsked('bb'),
    request: { replaces: ['bb'] },
    expected: 'stage',
  },
  {
    name: 'the head, for a key that replaces one that never came, and the one before',
    identity: headAsked('bb'),
    request: { replaces: ['cc', 'bb'] },
    expected: 'stage',
  },
  {
    name: 'the head, for a key that replaces nothing, where nothing was asked for',
    request: { replaces: ['cc'] },
    expected: 'stage',
  },
  {
    name: 'the head, for another key without a word of the one before',
    identity: headAsked('bb'),
    expected: 'suspend',
  },
  {
    name: 'the head, due, for another key without a word of the one before',
    signer: { ...head, renewAt: now },
    identity: headAsked('bb'),
    expected: 'suspend',
  },
  {
    name: 'the head, for a key that replaces what both had, while another host asked for its own',
    identity: headAsked('bb', ['cc']),
    request: { replaces: ['cc'] },
    expected: 'suspend',
  },
  {
    name: 'the head, for a key that was given up, signed when the newer one was taken',
    identity: headAsked('bb', ['aa']),
    request: { issuedAt: now - minuteMs },
    expected: 'refuse request-stale',
  },
  {
    name: 'the head, for a key that was given up, its clock ahead by what is allowed',
    identity: headAsked('bb', ['aa']),
    request: { issuedAt: now + 4 * minuteMs },
    expected: 'refuse request-stale',
  },
  {
    name: 'the head, for a key that was given up long before',
    identity: headAsked('bb', ['aa']),
    request: { issuedAt: now + 4 * minuteMs + 1_000 },
    expected: 'suspend',
  },
  {
    name: 'the head, for a key that was given up but has its certificate',
    identity: headAsked('bb', ['aa']),
    sameKey: known,
    expected: 'answer-again same-key',
  },
  {
    name: 'an unconfirmed child whose key was given up',
    signer: child,
    identity: headAsked('bb', ['05']),
    expected: 'suspend',
  },
  {
    name: 'an unconfirmed child, after the old head asked for a key',
    signer: child,
    identity: headAsked('05'),
    expected: 'stage',
  },
  { name: 'another lineage', signer: { ...head, lineage: 1 }, expected: 'refuse lineage-ended' },
  { name: 'suspended', identity: { suspension }, expected: 'refuse identity-suspended' },
  {
    name: 'suspended, for the key that it was given',
    identity: { suspension },
    sameKey: known,
    expected: 'refuse identity-suspended',
  },
  {
    name: 'names within the policy',
    request: { key: { ...request.key, names: [dns('www.example')], commonName: 'web-1' } },
    expected: 'stage',
  },
  {
    name: 'a name outside the policy',
    request: { key: { ...request.key, names: [dns('www.example'), dns('a.www.example')] } },
    expected: 'refuse names-not-allowed',
  },
  {
    name: 'a common name outside the policy',
    request: { key: { ...request.key, commonName: 'web-2' } },
    expected: 'refuse names-not-allowed',
  },
  {
    name: 'a common name that is one of the names',
    request: { key: { ...request.key, commonName: 'www.example' } },
    expected: 'stage',
  },
  {
    name: 'a key type outside the policy',
    request: { key: { ...request.key, keyType: 'rsa-3072' } },
    expected: 'refuse key-type-unsupported',
  },
  {
    name: 'the quota used up, due',
    signer: { ...head, renewAt: now },
    identity: { quota: { day: Math.floor(now / dayMs), count: 3 } },
    dailyQuota: 3,
    expected: 'refuse quota-exceeded',
  },
  {
    name: 'the quota used up yesterday',
    signer: { ...head, renewAt: now },
    identity: { quota: { day: Math.floor(now / dayMs) - 1, count: 3 } },
    dailyQuota: 3,
    expected: 'mint due',
  },
  {
    name: 'the quota used up, ahead of time',
    identity: { quota: { day: Math.floor(now / dayMs), count: 3 } },
    dailyQuota: 3,
    expected: 'stage',
  },
]

describe('planRequest', () => {
  for (const given of cases) {
    it(`${given.name} → ${given.expected}`, () => {
      assert.equal(told(plan(given)), given.expected)
    })
  }

  it('without a lineage → refused', () => {
    const { lineage: _, ...ended } = identity
    assert.equal(told(planRequest({ ...stateOf({}), identity: ended }, request, now)), 'refuse lineage-ended')
  })

  it('stage: keeps the key with its parent and time, and what was seen', () => {
    const staging = plan({})
    assert.ok(staging.do === 'stage')
    assert.deepEqual(staging.next.staged, {
      spki: request.key.spki,
      keyHash: 'aa',
      parentGeneration: 4,
      stagedAt: now,
      mintAt: head.renewAt,
    })
    assert.deepEqual(staging.next.seen, { at: now, address: '198.51.100.7', report: testReport })
    assert.deepEqual(staging.next.lineage, {
      ...identity.lineage,
      asked: { keyHash: 'aa', replaces: [], at: now },
    })
  })

  it('stage: the same key again keeps the time when it was first staged', () => {
    const staged = { spki: new Uint8Array([1]), keyHash: 'aa', parentGeneration: 4, stagedAt: 5, mintAt: 6 }
    const staging = plan({ identity: { staged } })
    assert.ok(staging.do === 'stage')
    assert.deepEqual(staging.next.staged, { ...staged, mintAt: head.renewAt })
  })

  it('a child that asks becomes the head, and what the old head had staged is dropped', () => {
    const staged = { spki: new Uint8Array([2]), keyHash: 'bb', parentGeneration: 4, stagedAt: 5, mintAt: 6 }
    const minting = plan({ signer: child, identity: { staged }, request: { immediate: true } })
    assert.ok(minting.do === 'mint')
    assert.deepEqual(minting.next.lineage, {
      number: 2,
      headGeneration: 5,
      headSince: now,
      newestGeneration: 7,
      asked: { keyHash: 'aa', replaces: [], at: now },
    })
    assert.equal(minting.next.staged, undefined)
    assert.deepEqual([minting.lineage, minting.generation, minting.parentGeneration], [2, 7, 5])
  })

  it('the same key again → when it was first asked for stays', () => {
    const before = headAsked('aa', ['cc'])
    const staging = plan({ identity: before, request: { replaces: ['cc'] } })
    assert.ok(staging.do === 'stage')
    assert.deepEqual(staging.next.lineage, before.lineage)
  })

  it('mint: the key stays staged until its certificate is recorded', () => {
    const staged = { spki: new Uint8Array([1]), keyHash: 'aa', parentGeneration: 4, stagedAt: 5, mintAt: 6 }
    const minting = plan({ identity: { staged }, request: { immediate: true } })
    assert.ok(minting.do === 'mint')
    assert.deepEqual(minting.next.staged, staged)
    assert.deepEqual(minting.next.quota, { day: Math.floor(now / dayMs), count: 1 })
  })

  it("suspend: both addresses, the head's first, and nothing stays staged", () => {
    const staged = { spki: new Uint8Array([2]), keyHash: 'bb', parentGeneration: 4, stagedAt: 5, mintAt: 6 }
    const suspending = plan({ signer: older, identity: { staged } })
    assert.ok(suspending.do === 'suspend')
    assert.deepEqual(suspending.addresses, ['192.0.2.1', '198.51.100.7'])
    assert.equal(suspending.next.staged, undefined)
    assert.equal(suspending.next.suspension?.because, 'lineage-conflict')
  })

  it('quota-exceeded: says when the next day begins', () => {
    const refusal = plan({
      signer: { ...head, renewAt: now },
      identity: { quota: { day: Math.floor(now / dayMs), count: 3 } },
      dailyQuota: 3,
    })
    assert.ok(refusal.do === 'refuse')
    assert.deepEqual(refusal.retry, { afterSeconds: 43_200 })
  })
})

function plan(given: Partial<Case>) {
  return planRequest(stateOf(given), { ...request, ...given.request }, now)
}

function stateOf({
  identity: changed,
  signer = head,
  sameKey,
  dailyQuota = 50,
}: Partial<Case>): RequestState {
  return {
    identity: { ...identity, ...changed },
    signer,
    policy: { ...testPolicy, dailyQuota },
    ...(sameKey && { sameKey }),
  }
}

function told(plan: ReturnType<typeof planRequest>): string {
  if (plan.do === 'refuse') return `refuse ${plan.code}`
  return 'because' in plan ? `${plan.do} ${plan.because}` : plan.do
}
