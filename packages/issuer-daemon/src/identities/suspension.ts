import { type Instant, MayflyError } from '@mayfly/ca-core'
import type { AdminRights } from '../admin/admin-rights.ts'
import type { IdentityRecord, Suspension } from '../store/identity-record.ts'

/**
 * The suspension of an identity that an admin suspends now. Suspending again keeps the first one with its reason; where
 * another admin gave it, from now on only the owner can take it back.
 */
export function suspensionBy(
  rights: AdminRights,
  { suspension }: Pick<IdentityRecord, 'suspension'>,
  at: Instant,
): Suspension {
  const by = rights.is === 'delegate' ? { by: rights.name } : {}
  if (suspension === undefined) return { at, because: 'operator', addresses: [], ...by }
  if (suspension.by === undefined || isOf(suspension.by, rights)) return suspension
  const { by: _, ...owners } = suspension
  return owners
}

/** @throws MayflyError `forbidden` where somebody else has suspended it, and why */
export function requireResumable(
  rights: AdminRights,
  { name, suspension }: Pick<IdentityRecord, 'name' | 'suspension'>,
): void {
  if (rights.is === 'owner' || suspension === undefined || isOf(suspension.by, rights)) return
  throw new MayflyError(
    'forbidden',
    `The identity ${name} was suspended ${describeWho(suspension)}. The admin ${rights.name} may resume only what ` +
      'it, or an admin with the same rights, has suspended.',
  )
}

function isOf(by: string | undefined, rights: AdminRights): boolean {
  return rights.is === 'delegate' && by !== undefined && [rights.name, ...rights.alike].includes(by)
}

function describeWho({ because, by }: Suspension): string {
  if (because === 'lineage-conflict') return 'by the issuer, because two hosts hold its lineage'
  return by === undefined ? 'by the owner of the issuer, or by two admins' : `by the admin ${by}`
}
