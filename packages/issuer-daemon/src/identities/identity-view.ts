import { formatInstant, type Instant, type ProfileName, type Report } from '@mayfly/ca-core'
import type { IdentityRecord } from '../store/identity-record.ts'

/** `new` was never enrolled; `expired` has no certificate that is still valid. */
export type IdentityState = 'new' | 'active' | 'expired' | 'suspended'

/** An identity as lists, status and the administration show it. */
export interface IdentityView {
  readonly name: string
  readonly profile: ProfileName
  readonly names: readonly string[]
  readonly state: IdentityState
  readonly createdAt: string
  readonly suspension?: {
    readonly at: string
    readonly because: 'operator' | 'lineage-conflict'
    readonly addresses: readonly string[]
    /** The delegate that suspended it; absent where the owner did, or the issuer. */
    readonly by?: string
  }
  readonly lineage?: { readonly number: number; readonly generation: number }
  readonly newest?: { readonly serial: string; readonly generation: number; readonly notAfter: string }
  /** A key is waiting to be certified then. */
  readonly mintAt?: string
  readonly seen?: { readonly at: string; readonly address: string; readonly report?: Report }
}

export function viewIdentity(identity: IdentityRecord, now: Instant): IdentityView {
  const { suspension, lineage, newest, staged, seen } = identity
  return {
    name: identity.name,
    profile: identity.profile,
    names: identity.names,
    state: stateOf(identity, now),
    createdAt: formatInstant(identity.createdAt),
    ...(suspension && { suspension: { ...suspension, at: formatInstant(suspension.at) } }),
    ...(lineage && { lineage: { number: lineage.number, generation: lineage.headGeneration } }),
    ...(newest && { newest: { ...newest, notAfter: formatInstant(newest.notAfter) } }),
    ...(staged && { mintAt: formatInstant(staged.mintAt) }),
    ...(seen && { seen: { ...seen, at: formatInstant(seen.at) } }),
  }
}

export function stateOf({ suspension, lineage, newest }: IdentityRecord, now: Instant): IdentityState {
  if (suspension !== undefined) return 'suspended'
  if (lineage === undefined || newest === undefined) return 'new'
  return newest.notAfter < now ? 'expired' : 'active'
}
