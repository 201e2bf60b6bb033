import type { ProbeProtocol } from '../endpoint.ts'
import { negotiateMysql } from './mysql.ts'
import type { Negotiation } from './negotiation.ts'
import { negotiatePostgresql } from './postgresql.ts'

/** How each protocol comes to the point where TLS begins. */
export const negotiations = {
  tls: () => Promise.resolve(),
  postgresql: negotiatePostgresql,
  mysql: negotiateMysql,
} as const satisfies Record<ProbeProtocol, Negotiation>
