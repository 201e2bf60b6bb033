import type { Instant, ProfileName } from '@mayfly/ca-core'
import { type AdminRights, mayGovern, requireIdentity } from '../admin/admin-rights.ts'
import type { IdentityRecord, NewIdentity } from '../store/identity-record.ts'
import { reservedIdentityNames } from './plan-identity.ts'
import { suspensionBy } from './suspension.ts'

/** What an identity is declared to be, or is. */
export interface DeclaredIdentity {
  readonly profile: ProfileName
  readonly names: readonly string[]
}

export type IdentityChange =
  | { readonly do: 'add'; readonly identity: NewIdentity }
  | { readonly do: 'change'; readonly identity: IdentityRecord; readonly next: IdentityRecord }
  | { readonly do: 'suspend'; readonly identity: IdentityRecord; readonly next: IdentityRecord }

/** What it takes to make the store what was declared. */
export interface ApplyPlan {
  readonly changes: readonly IdentityChange[]
  readonly unchanged: number
  /** Declared and suspended: a declaration lets nobody in again. */
  readonly suspended: readonly string[]
}

export interface ApplyOrder {
  /** Canonical, each name once. */
  readonly declared: readonly NewIdentity[]
  readonly rights: AdminRights
}

export interface StoredIdentities {
  /** Those of the declared that there are, by name. */
  readonly existing: ReadonlyMap<string, IdentityRecord>
  /** Those that are not declared and are to be suspended for it. */
  readonly pruned: readonly IdentityRecord[]
}

/**
 * Compares what was declared with what there is. An admin who has a say over some identities only is refused where
 * it declares others.
 *
 * @throws MayflyError `forbidden`
 */
export function planApply(
  { declared, rights }: ApplyOrder,
  { existing, pruned }: StoredIdentities,
  now: Instant,
): ApplyPlan {
  const changes: IdentityChange[] = []
  const suspended: string[] = []
  for (const wanted of declared) {
    requireIdentity(rights, wanted)
    const found = existing.get(wanted.name)
    if (found === undefined) {
      changes.push({ do: 'add', identity: wanted })
      continue
    }
    requireIdentity(rights, found)
    if (found.suspension !== undefined) suspended.push(found.name)
    if (isSame(wanted, found)) continue
    const { profile, names } = wanted
    changes.push({ do: 'change', identity: found, next: { ...found, profile, names } })
  }
  const unchanged = declared.length - changes.length
  changes.push(...pruned.map((identity) => suspend(identity, rights, now)))
  return { changes, unchanged, suspended }
}

/**
 * Whether an identity that was not declared is the admin's to suspend, and not suspended yet. What a delegate has suspended
 * it may resume, which the owner's word takes from it.
 */
export function isPrunable(identity: IdentityRecord, rights: AdminRights): boolean {
  return (
    !reservedIdentityNames.includes(identity.name) &&
    (identity.suspension === undefined || (rights.is === 'owner' && identity.suspension.by !== undefined)) &&
    mayGovern(rights, identity)
  )
}

function suspend(identity: IdentityRecord, rights: AdminRights, at: Instant): IdentityChange {
  // What is staged would get a certificate.
  const { staged: _, ...rest } = identity
  return { do: 'suspend', identity, next: { ...rest, suspension: suspensionBy(rights, identity, at) } }
}

/** The order of names is the order in the certificate, and matters to nobody. */
function isSame(one: DeclaredIdentity, other: DeclaredIdentity): boolean {
  const names = new Set(one.names)
  return (
    one.profile === other.profile &&
    names.size === other.names.length &&
    other.names.every((name) => names.has(name))
  )
}
