import type { Instant } from '@mayfly/ca-core'
import { toAgentKind, toUnfetched } from '../columns/fleet-columns.ts'
import { agentKindsMax, type FleetFigures } from '../fleet-figures.ts'
import type { Session } from './connecting/session.ts'
import { schemaName } from './schema.ts'

/** Kept counters, and the first entry of an index: the same few rows whatever the size of the fleet. */
export async function readFleet(session: Session, now: Instant): Promise<FleetFigures> {
  const agents = await session.read(
    'SELECT * FROM agent_count ORDER BY agents DESC, version, bundle_sequence LIMIT $1',
    [agentKindsMax],
  )
  const [oldest] = await session.read(
    `SELECT name, newest_serial, newest_not_after FROM identity
     WHERE suspended_at IS NULL AND newest_serial_generation > head_generation AND newest_not_after > $1
     ORDER BY newest_not_after LIMIT 1`,
    [Math.floor(now)],
  )
  return {
    agents: agents.map(toAgentKind),
    ...(oldest !== undefined && { oldestUnfetched: toUnfetched(oldest) }),
  }
}

/** Our tables with their indexes, in bytes. */
export async function databaseBytes(session: Session): Promise<number> {
  const [row] = await session.read(
    `SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint AS bytes FROM pg_class
     WHERE relnamespace = to_regnamespace($1) AND relkind = 'r'`,
    [schemaName],
  )
  return row?.bytes as number
}
