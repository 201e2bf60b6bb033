import {
  addSeconds,
  type Clock,
  type ErrorCode,
  type Instant,
  isMayflyError,
  leafLifetimeSecondsMin,
  secondMs,
} from '@mayfly/ca-core'
import type { IssuingAuthority } from '../issuing/intermediates/issuing-authority.ts'
import { clockBehindSecondsMax, type Store } from '../store/store.ts'

/** Whether the issuer can issue, and the codes of what keeps it from it. */
export type Readiness =
  | { readonly ready: true }
  | { readonly ready: false; readonly because: readonly ErrorCode[] }

/** Anyone may ask, and each look is a durable write: one a second is enough. */
const readinessMaxAgeMs = secondMs

export interface ReadinessPorts {
  readonly store: Pick<Store, 'commit' | 'newestInstant'>
  readonly authority: () => IssuingAuthority
  readonly clock: Clock
  readonly clockJumpSeconds?: () => number
}

/** Looks at the store, the authority and the clock; what it found is given again for a second. */
export function createReadiness(ports: ReadinessPorts): () => Promise<Readiness> {
  let last: { readonly atMs: number; readonly readiness: Promise<Readiness> } | undefined
  return () => {
    const nowMs = ports.clock.monotonic()
    if (last === undefined || nowMs - last.atMs >= readinessMaxAgeMs) {
      last = { atMs: nowMs, readiness: look(ports) }
    }
    return last.readiness
  }
}

async function look(ports: ReadinessPorts): Promise<Readiness> {
  const now = ports.clock.now()
  const because = [...authorityFaults(ports, now), ...(await storeFaults(ports, now))]
  return because.length === 0 ? { ready: true } : { ready: false, because }
}

function authorityFaults({ authority }: ReadinessPorts, now: Instant): ErrorCode[] {
  try {
    const { certificate, signer } = authority().authority
    const { notBefore, notAfter } = certificate
    if (now < notBefore) return ['clock-wrong']
    if (addSeconds(now, leafLifetimeSecondsMin) > notAfter) return ['authority-expired']
    const fault = signer.fault?.()
    return fault === undefined ? [] : [fault.error.code]
  } catch (error) {
    return [codeOf(error)]
  }
}

async function storeFaults({ store, clockJumpSeconds }: ReadinessPorts, now: Instant): Promise<ErrorCode[]> {
  try {
    if (clockJumpSeconds !== undefined && clockJumpSeconds() !== 0) return ['clock-wrong']
    const newestInstant = await store.newestInstant()
    if (newestInstant !== undefined && addSeconds(now, clockBehindSecondsMax) < newestInstant)
      return ['clock-wrong']
    // An empty change is written and synced like any other.
    await store.commit([{ at: now, parts: [] }])
    return []
  } catch (error) {
    return [codeOf(error)]
  }
}

function codeOf(error: unknown): ErrorCode {
  return isMayflyError(error) ? error.code : 'internal'
}
