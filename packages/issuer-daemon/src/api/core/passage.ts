import type { Instant, MayflyError } from '@mayfly/ca-core'
import type { AuditAttempt } from '../../audit/audit-attempt.ts'
import type { Caller, SecurityContext } from '../../issuing/security-context.ts'
import type { ReadBody } from '../request-body.ts'

/** One request on its way through the core, which fills it in from top to bottom. */
export interface Passage {
  readonly requestId: string
  readonly receivedAt: Instant
  readonly address: string
  /** The address of the connection, where a relay that is trusted told of another. */
  readonly relay?: string
  readonly body: ReadBody
  context: SecurityContext
  attempt?: AuditAttempt
  refusal?: MayflyError
}

/** Where it came from. */
export function callerIn({ address, relay }: Pick<Passage, 'address' | 'relay'>): Caller {
  return relay === undefined ? { address } : { address, relay }
}
