import type { EnrolmentTokenClaims, Instant, Report } from '@mayfly/ca-core'
import type { Policy } from '../issuing/policy.ts'
import { useQuota } from '../issuing/quota.ts'
import { type Refusal, refuse } from '../issuing/refusal.ts'
import { checkRequestedKey, type RequestedKey } from '../issuing/requested-key.ts'
import { suspended } from '../lineage/plan-request.ts'
import type { IdentityRecord } from '../store/identity-record.ts'
import type { IssuanceRecord } from '../store/issuance-record.ts'
import type { TokenRecord } from '../store/token-record.ts'

/** What an enrolment is decided on. */
export interface EnrolmentState {
  /** By the `jti` of the claims. */
  readonly token?: TokenRecord
  /** By the name in the claims. */
  readonly identity?: IdentityRecord
  /** What the log of issuance says of the key that is asked for. */
  readonly sameKey?: IssuanceRecord
  readonly policy: Pick<Policy, 'keyTypes' | 'dailyQuota'>
}

export interface EnrolmentRequest {
  /** Of a token whose signature and time were verified. */
  readonly claims: EnrolmentTokenClaims
  readonly key: RequestedKey
  readonly address: string
  readonly report?: Report
}

export type EnrolmentPlan =
  | Refusal
  | { readonly do: 'answer-again'; readonly because: 'same-key' }
  | { readonly do: 'wait'; readonly because: 'in-progress' }
  /** Begin a lineage; it takes the place of the one before when its certificate is recorded. */
  | { readonly do: 'mint'; readonly next: IdentityRecord; readonly lineage: number }

/** Decides an enrolment: who holds a token may have one key certified, once, for the token's identity. */
export function planEnrolment(state: EnrolmentState, request: EnrolmentRequest, now: Instant): EnrolmentPlan {
  const { token, identity, sameKey, policy } = state
  const { claims, key } = request
  if (token === undefined || token.identity !== claims.identity) return tokenUnknown()
  if (token.revokedAt !== undefined) return refuse('token-revoked', 'The enrolment token was revoked.')
  if (identity === undefined) {
    return refuse('identity-unknown', `There is no identity ${claims.identity} any more.`)
  }
  if (identity.suspension !== undefined) return suspended(identity.name)

  const isBoundToKey = token.use?.keyHash === key.keyHash
  if (token.use !== undefined && !isBoundToKey) return tokenUsed()
  const refusal = checkRequestedKey(identity, key, policy)
  if (refusal !== undefined) return refusal
  if (sameKey !== undefined) return planForKnownKey(identity, sameKey, isBoundToKey)

  // A message of an enrolment that was given up may come late, and must not end the lineage that came of a newer one.
  if (token.createdAt < (identity.joinedByTokenOf ?? token.createdAt)) return tokenOutdated(identity.name)

  const quota = useQuota(identity, policy, now)
  if (quota.do === 'refuse') return quota
  const lineage = identity.lineagesBegun + 1
  return {
    do: 'mint',
    next: {
      ...seen(identity, request, now),
      lineagesBegun: lineage,
      joinedByTokenOf: token.createdAt,
      quota: quota.quota,
    },
    lineage,
  }
}

/** The token is bound to this key already: a retry. Any other way, the key has a certificate that isn't this one. */
function planForKnownKey(
  identity: IdentityRecord,
  sameKey: IssuanceRecord,
  isBoundToKey: boolean,
): EnrolmentPlan {
  if (!isBoundToKey || sameKey.identityId !== identity.id || sameKey.parentGeneration !== 0) {
    return refuse('key-reused', `The key ${sameKey.keyHash} was certified before; make a new one.`)
  }
  return sameKey.state === 'recorded'
    ? { do: 'answer-again', because: 'same-key' }
    : { do: 'wait', because: 'in-progress' }
}

function seen(identity: IdentityRecord, { address, report }: EnrolmentRequest, now: Instant): IdentityRecord {
  return { ...identity, seen: report === undefined ? { at: now, address } : { at: now, address, report } }
}

function tokenUnknown(): Refusal {
  return refuse(
    'token-unknown',
    'The issuer knows no such token; it may be from before a backup was restored.',
  )
}

function tokenOutdated(identity: string): Refusal {
  return refuse(
    'token-revoked',
    `${identity} has joined with a newer enrolment token since; if it is to join again, create another one.`,
  )
}

function tokenUsed(): Refusal {
  return refuse('token-used', 'The enrolment token was used for another key; create another one.')
}
