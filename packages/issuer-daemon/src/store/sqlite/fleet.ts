import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import type { Instant } from '@mayfly/ca-core'
import { toAgentKind, toUnfetched } from '../columns/fleet-columns.ts'
import { agentKindsMax, type FleetFigures } from '../fleet-figures.ts'

/** Kept counters, and the first entry of an index: the same few rows whatever the size of the fleet. */
export function readFleet(database: DatabaseSync, now: Instant): FleetFigures {
  const agents = database
    .prepare('SELECT * FROM agent_count ORDER BY agents DESC, version, bundle_sequence LIMIT +?')
    .all(agentKindsMax)
    .map(toAgentKind)
  const oldest = database
    .prepare(
      `SELECT name, newest_serial, newest_not_after FROM identity
       WHERE suspended_at IS NULL AND newest_serial_generation > head_generation AND newest_not_after > ?
       ORDER BY newest_not_after LIMIT 1`,
    )
    .get(now)
  return { agents, ...(oldest !== undefined && { oldestUnfetched: toUnfetched(oldest) }) }
}

/** The file of the database with its log beside it, in bytes. */
export function databaseBytes(path: string): number {
  return [path, `${path}-wal`]
    .map((file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, bytes) => sum + bytes, 0)
}
