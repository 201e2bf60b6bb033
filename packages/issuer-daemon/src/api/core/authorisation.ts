import { MayflyError } from '@mayfly/ca-core'
import { requirePower } from '../../admin/admin-rights.ts'
import type { SecurityContext } from '../../issuing/security-context.ts'
import type { Requirement, Route } from '../route.ts'

type Authorised = Pick<Route, 'requires' | 'power'>

/**
 * Whether a caller may use a route that requires something.
 * Throws why the proof failed where one was tried, `forbidden` where something else was proved or an admin may less
 * than this, and `request-unauthenticated` where nothing was.
 */
export function authorise({ requires, power = 'owner' }: Authorised, context: SecurityContext): void {
  if (requires === 'admin' && context.kind === 'admin') requirePower(context.rights, power)
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
