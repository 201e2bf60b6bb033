import { MayflyError } from '@mayfly/ca-core'
import { type AdminRights, requireIdentity } from '../admin/admin-rights.ts'
import type { AuditAttempt } from '../audit/audit-attempt.ts'
import { decideAgain } from '../issuing/decide-again.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { IdentityView } from './identity-view.ts'
import { moveIdentity } from './move-identity.ts'
import { reservedIdentityNames } from './plan-identity.ts'
import { findIdentity, showIdentity } from './show-identity.ts'
import { suspensionBy } from './suspension.ts'

/**
 * From now on the identity gets no certificate, by whatever serial, key or token; what is staged is dropped.
 * Suspending again keeps the first suspension, which only the owner takes back once two admins have given it.
 *
 * @throws MayflyError `identity-unknown`, `forbidden`, `store-unavailable`
 */
export async function suspendIdentity(
  name: string,
  attempt: AuditAttempt,
  ports: IssuerPorts,
  rights: AdminRights,
): Promise<IdentityView> {
  if (reservedIdentityNames.includes(name)) {
    const message = `The identity ${name} is the issuer's own; without its certificate nobody could ask it for anything.`
    throw new MayflyError('forbidden', message)
  }
  await decideAgain(ports.clock, async () => {
    const { staged: _, ...identity } = await findIdentity(name, ports)
    requireIdentity(rights, identity)
    const suspension = suspensionBy(rights, identity, ports.clock.now())
    return moveIdentity({ ...identity, suspension }, { outcome: 'done', identity: name }, attempt, ports)
  })
  ports.trace.step('identity.suspended', { identity: name, because: 'operator' })
  return showIdentity(name, ports, rights)
}
