import {
  addSeconds,
  formatInstant,
  type Instant,
  mayRecover,
  type Report,
  requestLifetimeSeconds,
  secondMs,
} from '@mayfly/ca-core'
import type { Policy } from '../issuing/policy.ts'
import { useQuota } from '../issuing/quota.ts'
import { type Refusal, refuse } from '../issuing/refusal.ts'
import { checkRequestedKey, type RequestedKey } from '../issuing/requested-key.ts'
import type { AskedKey, IdentityRecord, LineagePosition } from '../store/identity-record.ts'
import type { IssuanceRecord } from '../store/issuance-record.ts'

/** The certificate whose key signed a request. */
export interface RequestSigner {
  readonly keyHash: string
  readonly lineage: number
  readonly generation: number
  readonly parentGeneration: number
  readonly notAfter: Instant
  readonly renewAt: Instant
}

/** What a request is decided on. */
export interface RequestState {
  readonly identity: IdentityRecord
  readonly signer: RequestSigner
  /** What the log of issuance says of the key that is asked for. */
  readonly sameKey?: IssuanceRecord
  readonly policy: Pick<Policy, 'keyTypes' | 'dailyQuota' | 'recoveryWindowSeconds'>
}

/** A verified request for the next certificate of a lineage. */
export interface NextRequest {
  readonly key: RequestedKey
  /** Of the keys that the signer asked for before, and gave up. */
  readonly replaces: readonly string[]
  /** When the agent signed it. */
  readonly issuedAt: Instant
  readonly address: string
  readonly immediate: boolean
  readonly report: Report
}

export type RequestPlan =
  | Refusal
  /** Two hosts hold the lineage. */
  | { readonly do: 'suspend'; readonly next: IdentityRecord; readonly addresses: readonly string[] }
  /** The key has its certificate; give that. */
  | { readonly do: 'answer-again'; readonly because: 'same-key' }
  /** Someone is minting for this key right now. */
  | { readonly do: 'wait'; readonly because: 'in-progress' }
  | { readonly do: 'stage'; readonly next: IdentityRecord; readonly mintAt: Instant }
  | {
      readonly do: 'mint'
      readonly next: IdentityRecord
      readonly lineage: number
      readonly generation: number
      readonly parentGeneration: number
      readonly because: 'due' | 'immediate'
    }

/**
 * Decides a request of a lineage.
 *
 * The head is the newest generation that has signed something. Generations above it were given out and are
 * unconfirmed; a child of the head that signs becomes the head, and its siblings are void. Whoever signs with a
 * key that is older than the head, or void, must be a second host, unless the request is a late copy of one
 * that was right when it was made.
 *
 * Two hosts that share the head itself part with the next key, of which each makes its own: a request names the keys
 * that it replaces, and whoever asks without a word of the newest that was asked for has not asked for that.
 */
export function planRequest(state: RequestState, request: NextRequest, now: Instant): RequestPlan {
  const { identity, signer, sameKey } = state
  if (identity.suspension !== undefined) return suspended(identity.name)
  const { lineage } = identity
  if (lineage === undefined || signer.lineage !== lineage.number) return lineageEnded(identity.name)
  if (!mayRecover({ notAfter: signer.notAfter, now, ...state.policy })) return tooLate(state)

  const position = positionOf(signer, lineage)
  const askedBefore = sameKey !== undefined && isChildOf(sameKey, state)
  if (askedBefore) return giveAgain(sameKey)
  switch (position) {
    case 'superseded':
      return isLate(request, lineage) ? lateCopy(identity.name, request) : suspend(identity, request, now)
    case 'confirms':
      // Whoever gave the key up does not sign with it.
      return lineage.asked?.replaces.includes(signer.keyHash)
        ? suspend(identity, request, now)
        : planForHead(state, lineage, request, now)
    case 'head':
      return planAfterAsked(state, lineage, request, now)
  }
}

/** The head asks, perhaps not for the first time: one host goes from key to key, two go apart. */
function planAfterAsked(
  state: RequestState,
  lineage: LineagePosition,
  request: NextRequest,
  now: Instant,
): RequestPlan {
  const { identity } = state
  const { asked } = lineage
  const order = asked === undefined ? 'follows' : orderOf(request, asked)
  switch (order) {
    case 'again':
    case 'follows':
      return planForHead(state, lineage, request, now)
    case 'overtaken':
      return isOvertaken(request, asked) ? lateCopy(identity.name, request) : suspend(identity, request, now)
    case 'apart':
      return suspend(identity, request, now)
  }
}

/** How a request stands to the newest key that was asked for. No clock is needed: each names what it replaces. */
function orderOf(
  { key, replaces }: NextRequest,
  asked: AskedKey,
): 'again' | 'follows' | 'overtaken' | 'apart' {
  if (key.keyHash === asked.keyHash) return 'again'
  if (replaces.includes(asked.keyHash)) return 'follows'
  return asked.replaces.includes(key.keyHash) ? 'overtaken' : 'apart'
}

/**
 * Whether a request for a key that was given up may have been long on its way. One that was signed when no request
 * from before could be valid any more comes from a host that has not given the key up.
 */
function isOvertaken({ issuedAt }: NextRequest, asked: AskedKey | undefined): boolean {
  return asked !== undefined && issuedAt <= addSeconds(asked.at, requestLifetimeSeconds)
}

/** Where a signer stands: at the head, about to become it, or behind. */
function positionOf(signer: RequestSigner, lineage: LineagePosition): 'head' | 'confirms' | 'superseded' {
  if (signer.generation === lineage.headGeneration) return 'head'
  return signer.parentGeneration === lineage.headGeneration ? 'confirms' : 'superseded'
}

/** Whether the key was asked for by the same signer before. */
function isChildOf(sameKey: IssuanceRecord, { identity, signer }: RequestState): boolean {
  return (
    sameKey.identityId === identity.id &&
    sameKey.lineage === signer.lineage &&
    sameKey.parentGeneration === signer.generation
  )
}

function giveAgain(sameKey: IssuanceRecord): RequestPlan {
  return sameKey.state === 'recorded'
    ? { do: 'answer-again', because: 'same-key' }
    : { do: 'wait', because: 'in-progress' }
}

/**
 * A request that was signed before the newer generation was confirmed proves nothing: on its way it was
 * overtaken. `issuedAt` has whole seconds, so only earlier seconds count.
 */
function isLate({ issuedAt }: NextRequest, { headSince }: LineagePosition): boolean {
  return issuedAt < Math.floor(headSince / secondMs) * secondMs
}

function planForHead(
  state: RequestState,
  lineage: LineagePosition,
  request: NextRequest,
  now: Instant,
): RequestPlan {
  const { identity, signer, sameKey, policy } = state
  const { key } = request
  const refusal = checkRequestedKey(identity, key, policy)
  if (refusal !== undefined) return refusal
  if (sameKey !== undefined) return keyReused(key.keyHash)

  const confirmed = confirm(identity, lineage, request, signer, now)
  const mintAt = signer.renewAt
  if (mintAt > now && !request.immediate) {
    const isSameKey = confirmed.staged?.keyHash === key.keyHash
    const stagedAt = (isSameKey && confirmed.staged?.stagedAt) || now
    const parentGeneration = signer.generation
    const staged = { spki: key.spki, keyHash: key.keyHash, parentGeneration, stagedAt, mintAt }
    return { do: 'stage', next: { ...confirmed, staged }, mintAt }
  }

  const quota = useQuota(identity, policy, now)
  if (quota.do === 'refuse') return quota
  const next = beginGeneration(withoutOtherStaged(confirmed, key.keyHash))
  return {
    do: 'mint',
    next: { ...next, quota: quota.quota },
    lineage: lineage.number,
    generation: lineage.newestGeneration + 1,
    parentGeneration: signer.generation,
    because: mintAt <= now ? 'due' : 'immediate',
  }
}

/** The identity as the request leaves it: seen, with the signer at its head, and the key as the newest asked for. */
function confirm(
  identity: IdentityRecord,
  lineage: LineagePosition,
  { address, report, key, replaces }: NextRequest,
  { generation }: RequestSigner,
  now: Instant,
): IdentityRecord {
  const seen = { ...identity, seen: { at: now, address, report } }
  const asking = { keyHash: key.keyHash, replaces, at: now }
  if (lineage.headGeneration === generation) {
    const asked = lineage.asked?.keyHash === key.keyHash ? lineage.asked : asking
    return { ...seen, lineage: { ...lineage, asked } }
  }
  const { staged: _, ...unstaged } = seen
  return {
    ...unstaged,
    lineage: { ...lineage, headGeneration: generation, headSince: now, asked: asking },
  }
}

/** The identity with one more generation given out. */
export function beginGeneration(identity: IdentityRecord): IdentityRecord {
  const { lineage } = identity
  if (lineage === undefined) throw new TypeError('a generation needs a lineage')
  return { ...identity, lineage: { ...lineage, newestGeneration: lineage.newestGeneration + 1 } }
}

/** A staged key that is minted now stays staged until its certificate is recorded; another one gives way. */
function withoutOtherStaged(identity: IdentityRecord, keyHash: string): IdentityRecord {
  if (identity.staged === undefined || identity.staged.keyHash === keyHash) return identity
  const { staged: _, ...unstaged } = identity
  return unstaged
}

function suspend(identity: IdentityRecord, { address }: NextRequest, now: Instant): RequestPlan {
  const addresses = [identity.seen?.address ?? 'unknown', address]
  const { staged: _, ...unstaged } = identity
  const suspension = { at: now, because: 'lineage-conflict', addresses } as const
  return { do: 'suspend', next: { ...unstaged, suspension }, addresses }
}

export function suspended(identity: string): Refusal {
  return refuse('identity-suspended', `The identity ${identity} is suspended; its operator can resume it.`)
}

function lineageEnded(identity: string): Refusal {
  return refuse('lineage-ended', `This lineage of ${identity} has ended; enrol with a new token.`)
}

function tooLate({ identity, signer, policy }: RequestState): Refusal {
  const until = addSeconds(signer.notAfter, policy.recoveryWindowSeconds)
  return refuse(
    'lineage-expired',
    `The certificate of ${identity.name} could be renewed until ${formatInstant(until)}; enrol with a new token.`,
  )
}

function keyReused(keyHash: string): Refusal {
  return refuse('key-reused', `The key ${keyHash} was certified before; make a new one for each certificate.`)
}

function lateCopy(identity: string, { issuedAt }: NextRequest): Refusal {
  return refuse(
    'request-stale',
    `The request of ${identity} was signed at ${formatInstant(issuedAt)}, before its newest certificate was in use.`,
  )
}
