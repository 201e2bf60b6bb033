import type { ProfileName, Report } from '@mayfly/ca-core'
import type {
  AskedKey,
  IdentityRecord,
  LineagePosition,
  NewestCertificate,
  Sighting,
  StagedKey,
  Suspension,
} from '../identity-record.ts'
import { blobToHex, hexToBlob } from './blob.ts'
import type { ColumnValue, Row } from './row.ts'

/** The columns that a change may move; `id` and `name` stay. */
export const movedColumns = [
  'profile',
  'names',
  'suspended_at',
  'suspended_because',
  'suspended_addresses',
  'suspended_by',
  'lineages_begun',
  'joined_by_token_of',
  'lineage',
  'head_generation',
  'head_since',
  'newest_generation',
  'asked',
  'staged_spki',
  'staged_key',
  'staged_parent',
  'staged_at',
  'mint_at',
  'newest_serial',
  'newest_serial_generation',
  'newest_not_after',
  'seen_at',
  'seen_address',
  'report',
  'agent_version',
  'agent_bundle',
  'quota_day',
  'quota_count',
] as const

type MovedColumn = (typeof movedColumns)[number]

/** The record as the values of the columns that a change may move, in their order. */
export function toMovedValues(identity: IdentityRecord): ColumnValue[] {
  const columns = toMovedColumns(identity)
  return movedColumns.map((column) => columns[column])
}

/** The record as the columns that a change may move. */
export function toMovedColumns({
  suspension,
  lineage,
  staged,
  newest,
  seen,
  ...identity
}: IdentityRecord): Record<MovedColumn, ColumnValue> {
  return {
    profile: identity.profile,
    names: JSON.stringify(identity.names),
    ...toSuspensionColumns(suspension),
    lineages_begun: identity.lineagesBegun,
    joined_by_token_of: identity.joinedByTokenOf ?? null,
    lineage: lineage?.number ?? null,
    head_generation: lineage?.headGeneration ?? null,
    head_since: lineage?.headSince ?? null,
    newest_generation: lineage?.newestGeneration ?? null,
    asked: lineage?.asked === undefined ? null : askedToBlob(lineage.asked),
    staged_spki: staged?.spki ?? null,
    staged_key: staged === undefined ? null : hexToBlob(staged.keyHash),
    staged_parent: staged?.parentGeneration ?? null,
    staged_at: staged?.stagedAt ?? null,
    mint_at: staged?.mintAt ?? null,
    newest_serial: newest === undefined ? null : hexToBlob(newest.serial),
    newest_serial_generation: newest?.generation ?? null,
    newest_not_after: newest?.notAfter ?? null,
    seen_at: seen?.at ?? null,
    seen_address: seen?.address ?? null,
    report: toText(seen?.report),
    // Again beside the report: what all hosts told is counted by them.
    agent_version: seen?.report?.version ?? null,
    agent_bundle: seen?.report?.bundleSequence ?? null,
    quota_day: identity.quota.day,
    quota_count: identity.quota.count,
  }
}

function toSuspensionColumns(
  suspension: Suspension | undefined,
): Record<Extract<MovedColumn, `suspended_${string}`>, ColumnValue> {
  return {
    suspended_at: suspension?.at ?? null,
    suspended_because: suspension?.because ?? null,
    suspended_addresses: toText(suspension?.addresses),
    suspended_by: suspension?.by ?? null,
  }
}

const hashBytes = 32
const timeBytes = 8

/** The time, then the hash of the key, then those that it replaces: each identity has one. */
function askedToBlob({ keyHash, replaces, at }: AskedKey): Uint8Array {
  const time = Buffer.alloc(timeBytes)
  time.writeDoubleBE(at)
  return Buffer.concat([time, ...[keyHash, ...replaces].map(hexToBlob)])
}

function blobToAsked(blob: Uint8Array): AskedKey {
  const at = Buffer.from(blob).readDoubleBE(0)
  const hashes: string[] = []
  for (let start = timeBytes; start < blob.length; start += hashBytes) {
    hashes.push(blobToHex(blob.subarray(start, start + hashBytes)))
  }
  const [keyHash = '', ...replaces] = hashes
  return { keyHash, replaces, at }
}

function toText(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value)
}

/** A row of the table `identity` as its record. */
export function toIdentity(row: Row): IdentityRecord {
  const suspension = toSuspension(row)
  const lineage = toLineage(row)
  const staged = toStaged(row)
  const newest = toNewest(row)
  const seen = toSighting(row)
  return {
    id: row.id as number,
    version: row.version as number,
    name: row.name as string,
    profile: row.profile as ProfileName,
    names: JSON.parse(row.names as string) as string[],
    createdAt: row.created_at as number,
    lineagesBegun: row.lineages_begun as number,
    quota: { day: row.quota_day as number, count: row.quota_count as number },
    ...(row.joined_by_token_of !== null && { joinedByTokenOf: row.joined_by_token_of as number }),
    ...(suspension && { suspension }),
    ...(lineage && { lineage }),
    ...(staged && { staged }),
    ...(newest && { newest }),
    ...(seen && { seen }),
  }
}

function toSuspension(row: Row): Suspension | undefined {
  if (row.suspended_at === null) return undefined
  return {
    at: row.suspended_at as number,
    because: row.suspended_because as Suspension['because'],
    addresses: JSON.parse(row.suspended_addresses as string) as string[],
    ...(row.suspended_by !== null && { by: row.suspended_by as string }),
  }
}

function toLineage(row: Row): LineagePosition | undefined {
  if (row.lineage === null) return undefined
  return {
    number: row.lineage as number,
    headGeneration: row.head_generation as number,
    headSince: row.head_since as number,
    newestGeneration: row.newest_generation as number,
    ...(row.asked !== null && { asked: blobToAsked(row.asked as Uint8Array) }),
  }
}

function toStaged(row: Row): StagedKey | undefined {
  if (row.mint_at === null) return undefined
  return {
    spki: row.staged_spki as Uint8Array,
    keyHash: blobToHex(row.staged_key as Uint8Array),
    parentGeneration: row.staged_parent as number,
    stagedAt: row.staged_at as number,
    mintAt: row.mint_at as number,
  }
}

function toNewest(row: Row): NewestCertificate | undefined {
  if (row.newest_serial === null) return undefined
  return {
    serial: blobToHex(row.newest_serial as Uint8Array),
    generation: row.newest_serial_generation as number,
    notAfter: row.newest_not_after as number,
  }
}

function toSighting(row: Row): Sighting | undefined {
  if (row.seen_at === null) return undefined
  const sighting = { at: row.seen_at as number, address: row.seen_address as string }
  return row.report === null ? sighting : { ...sighting, report: JSON.parse(row.report as string) as Report }
}
