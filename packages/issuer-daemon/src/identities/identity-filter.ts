import { type Instant, type ProfileName, secondMs } from '@mayfly/ca-core'
import type { IdentityRecord } from '../store/identity-record.ts'
import { type IdentityState, stateOf } from './identity-view.ts'
import { matchesPattern } from './text-pattern.ts'

/** Which identities are wanted; each part narrows it. */
export interface IdentityFilter {
  readonly state?: IdentityState
  readonly profile?: ProfileName
  /** `*` stands for any characters. */
  readonly name?: string
  /** `due`: a key waits for its time. `overdue`: the next certificate should be there by now. */
  readonly renewal?: 'due' | 'overdue'
  /** Not seen since then, or never. */
  readonly seenBefore?: Instant
  /** What the agent said in its last accepted request. */
  readonly agentVersion?: string
  /** The agent said that it holds an older trust bundle than the one that is served. */
  readonly bundleBehind?: true
}

/** What lateness is measured by. */
export interface FilterMeasure {
  readonly now: Instant
  readonly lifetimeSeconds: number
  /** Of the trust bundle that is served. */
  readonly bundleSequence: number
}

/** What a certificate has left of its life where its successor is late: half is when it is due, the rest is jitter and patience. */
const overdueLifeLeft = 1 / 3

export function matchesFilter(
  identity: IdentityRecord,
  filter: IdentityFilter,
  measure: FilterMeasure,
): boolean {
  const { profile, name, seen } = identity
  const { report } = seen ?? {}
  return (
    isEqualOrAny(profile, filter.profile) &&
    (filter.name === undefined || matchesPattern(name, filter.name)) &&
    (filter.state === undefined || stateOf(identity, measure.now) === filter.state) &&
    matchesRenewal(identity, filter.renewal, measure) &&
    (filter.seenBefore === undefined || seen === undefined || seen.at < filter.seenBefore) &&
    isEqualOrAny(report?.version, filter.agentVersion) &&
    (filter.bundleBehind === undefined ||
      (report !== undefined && report.bundleSequence < measure.bundleSequence))
  )
}

function isEqualOrAny<Value>(value: Value, wanted: Value | undefined): boolean {
  return wanted === undefined || value === wanted
}

function matchesRenewal(
  { staged, newest, suspension }: IdentityRecord,
  renewal: IdentityFilter['renewal'],
  { lifetimeSeconds, now }: FilterMeasure,
): boolean {
  switch (renewal) {
    case undefined:
      return true
    case 'due':
      return staged !== undefined
    case 'overdue': {
      if (suspension !== undefined) return false
      if (staged !== undefined) return staged.mintAt < now
      return newest !== undefined && newest.notAfter - now < lifetimeSeconds * secondMs * overdueLifeLeft
    }
  }
}
