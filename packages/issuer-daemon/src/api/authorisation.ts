import { MayflyError } from '@mayfly/ca-core'
import type { SecurityContext } from '../issuing/security-context.ts'
import type { Requirement } from './route.ts'

/**
 * Whether a caller may use a route that requires something.
 * Throws why the proof failed where one was tried, otherwise `request-unauthenticated`.
 */
export function authorise(requires: Requirement, context: SecurityContext): void {
  if (requires === 'nothing' || context.kind === requires) return
  if (context.kind === 'failed') throw context.error
  throw new MayflyError('request-unauthenticated', `${proofs[requires]} is missing.`)
}

const proofs: Readonly<Record<Exclude<Requirement, 'nothing'>, string>> = {
  token: 'An enrolment token',
  lineage: 'A request signed with the current key of a lineage',
  admin: 'The administration socket',
}
