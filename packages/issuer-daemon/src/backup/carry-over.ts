import type { IdentityRecord, LineagePosition } from '../store/identity-record.ts'

/** What a backup does not know of an identity, and the store that it replaces still says. */
export interface CarriedOver {
  /** The identity as it has to be in the restored store; absent where the backup has it right. */
  readonly next?: IdentityRecord
  /** It was suspended since. */
  readonly suspended: boolean
  /** The lineage that the backup has was ended since, or replaced by a newer one. */
  readonly lineageEnded: boolean
  /** Its names or its profile are others since; a person decides which. */
  readonly changed: boolean
}

/**
 * Compares an identity in a backup with the same one in the store that is replaced: what was taken away since must not
 * come back by the restore. Pure.
 */
export function carryOver(identity: IdentityRecord, replaced: IdentityRecord | undefined): CarriedOver {
  if (replaced === undefined) return { suspended: false, lineageEnded: false, changed: false }
  const { lineage, ...withoutLineage } = identity
  const suspended = isSuspendedSince(identity, replaced)
  const carried = lineage && carryLineage(lineage, replaced)
  const next = {
    ...withoutLineage,
    ...(carried && { lineage: carried }),
    lineagesBegun: Math.max(identity.lineagesBegun, replaced.lineagesBegun),
    // With its reason: a lineage that two hosts held ends when the identity is resumed.
    ...(suspended && replaced.suspension && { suspension: replaced.suspension }),
  }
  return {
    ...((suspended || carried !== lineage) && { next }),
    suspended,
    lineageEnded: lineage !== undefined && carried === undefined,
    changed: !isSameDeclaration(identity, replaced),
  }
}

function isSuspendedSince({ suspension }: IdentityRecord, replaced: IdentityRecord): boolean {
  if (replaced.suspension === undefined) return false
  if (suspension === undefined) return true
  const isConflict = replaced.suspension.because === 'lineage-conflict'
  // Nor may a delegate take back what is the owner's by now.
  const isOwners = suspension.by !== undefined && replaced.suspension.by === undefined
  return isOwners || (isConflict && suspension.because !== 'lineage-conflict')
}

/**
 * Where the lineage of a backup stands by now; `undefined` where it has ended. Whoever holds a key that was superseded
 * since holds an older one still. A replaced store that is itself older than the backup knows nothing of it.
 */
function carryLineage(
  lineage: LineagePosition,
  { lineage: newer, lineagesBegun }: IdentityRecord,
): LineagePosition | undefined {
  if (lineagesBegun < lineage.number) return lineage
  if (newer === undefined || newer.number > lineage.number) return undefined
  return newer.number === lineage.number && newer.headGeneration > lineage.headGeneration ? newer : lineage
}

function isSameDeclaration(one: IdentityRecord, other: IdentityRecord): boolean {
  return one.profile === other.profile && one.names.toSorted().join() === other.names.toSorted().join()
}
