import { MayflyError } from '@mayfly/ca-core'
import type { SecurityContext } from '../issuing/security-context.ts'
import type { Requirement } from './route.ts'

/**
 * Whether a caller may use a route that requires something.
 * Throws why the proof failed where one was tried, `forbidden` where something else was proved, and
 * `request-unauthenticated` where nothing was.
 */
export function authorise(requires: Requirement, context: SecurityContext): void {
  if (requires === 'nothing' || context.kind === requires) return
  if (context.kind === 'failed') throw context.error
  const needed = proofs[requires]
  if (context.kind !== 'anonymous') throw new MayflyError('forbidden', `This takes ${needed}.`)
  throw new MayflyError('request-unauthenticated', `This takes ${needed}, and there is none.`)
}

const proofs: Readonly<Record<Exclude<Requirement, 'nothing'>, string>> = {
  token: 'an enrolment token',
  lineage: 'a request signed with the current key of a lineage',
  admin: 'the administration socket',
}
