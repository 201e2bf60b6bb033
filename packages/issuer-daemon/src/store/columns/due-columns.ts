import type { ProfileName } from '@mayfly/ca-core'
import type { DueIdentity } from '../identity-record.ts'
import { blobToHex } from './blob.ts'
import type { Row } from './row.ts'

/** What is read of an identity that is due. */
export const dueColumns = [
  'id',
  'version',
  'name',
  'profile',
  'names',
  'suspended_at',
  'lineage',
  'newest_generation',
  'staged_spki',
  'staged_key',
  'staged_parent',
  'mint_at',
  'quota_day',
  'quota_count',
] as const

/** These columns of the table `identity`, of a row with a staged key. */
export function toDueIdentity(row: Row): DueIdentity {
  return {
    id: row.id as number,
    version: row.version as number,
    name: row.name as string,
    profile: row.profile as ProfileName,
    names: JSON.parse(row.names as string) as string[],
    quota: { day: row.quota_day as number, count: row.quota_count as number },
    isSuspended: row.suspended_at !== null,
    ...(row.lineage !== null && {
      lineage: { number: row.lineage as number, newestGeneration: row.newest_generation as number },
    }),
    staged: {
      spki: row.staged_spki as Uint8Array,
      keyHash: blobToHex(row.staged_key as Uint8Array),
      parentGeneration: row.staged_parent as number,
      mintAt: row.mint_at as number,
    },
  }
}
