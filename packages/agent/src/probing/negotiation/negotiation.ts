import type { Socket } from 'node:net'
import type { ProbeProtocol } from '../endpoint.ts'
import { negotiateMysql } from './mysql.ts'
import { negotiatePostgresql } from './postgresql.ts'

/**
 * Brings a fresh connection to the point where TLS begins. Rejects with a `NegotiationRefused`, or
 * with the socket's error. Leaves nothing read that belongs to TLS.
 */
export type Negotiation = (socket: Socket) => Promise<void>

export const negotiations = {
  tls: () => Promise.resolve(),
  postgresql: negotiatePostgresql,
  mysql: negotiateMysql,
} as const satisfies Record<ProbeProtocol, Negotiation>
