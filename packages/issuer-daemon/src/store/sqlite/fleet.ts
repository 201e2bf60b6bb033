import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import type { Instant } from '@mayfly/ca-core'
import { toAgentKind, toUnfetched } from '../columns/fleet-columns.ts'
import { agentKindsMax, type FleetFigures } from '../fleet-figures.ts'

/** The oldest of those that the rows of identities show as newest, and of those that a sweep has certified since. */
const unfetched = [
  `SELECT name, newest_serial, newest_not_after FROM identity
   WHERE suspended_at IS NULL AND newest_serial_generation > head_generation AND newest_not_after > ?
     AND (mint_at IS NULL OR EXISTS
       (SELECT 1 FROM due WHERE due.mint_at = identity.mint_at AND due.identity_id = identity.id))
   ORDER BY newest_not_after LIMIT 1`,
  `SELECT identity.name, issuance.serial AS newest_serial, minted.not_after AS newest_not_after
   FROM minted
     CROSS JOIN identity ON identity.id = minted.identity_id
     CROSS JOIN issuance ON issuance.burnt IS NULL
       AND substr(issuance.key, 1, 16) = substr(identity.staged_key, 1, 16)
   WHERE minted.not_after > ? ORDER BY minted.not_after LIMIT 1`,
]

/** Kept counters, and the first entry of an index: the same few rows whatever the size of the fleet. */
export function readFleet(database: DatabaseSync, now: Instant): FleetFigures {
  const agents = database
    .prepare('SELECT * FROM agent_count ORDER BY agents DESC, version, bundle_sequence LIMIT +?')
    .all(agentKindsMax)
    .map(toAgentKind)
  const [oldest] = unfetched
    .map((query) => database.prepare(query).get(now))
    .flatMap((row) => (row === undefined ? [] : [toUnfetched(row)]))
    .sort((one, other) => one.notAfter - other.notAfter)
  return { agents, ...(oldest !== undefined && { oldestUnfetched: oldest }) }
}

/** The file of the database with its log beside it, in bytes. */
export function databaseBytes(path: string): number {
  return [path, `${path}-wal`]
    .map((file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, bytes) => sum + bytes, 0)
}
