import { MayflyError } from '@mayfly/ca-core'
import type { SecurityContext } from './security-context.ts'

type ContextOf<Kind extends SecurityContext['kind']> = Extract<SecurityContext, { kind: Kind }>

/**
 * The context, if it is of that kind. Use cases ask again for what their route has asked for already, so that
 * a new way in can't leave it out.
 *
 * @throws MayflyError what authenticating found, or `request-unauthenticated`
 */
export function requireContext<Kind extends SecurityContext['kind']>(
  context: SecurityContext,
  kind: Kind,
): ContextOf<Kind> {
  if (context.kind === kind) return context as ContextOf<Kind>
  if (context.kind === 'failed') throw context.error
  throw new MayflyError('request-unauthenticated', `This needs a caller of the kind "${kind}".`)
}
