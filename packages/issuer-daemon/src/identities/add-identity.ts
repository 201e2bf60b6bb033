import { MayflyError, type ProfileName } from '@mayfly/ca-core'
import { type AdminRights, requireIdentity } from '../admin/admin-rights.ts'
import type { AuditAttempt } from '../audit/audit-attempt.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { IdentityView } from './identity-view.ts'
import { newIdentity } from './plan-identity.ts'
import { showIdentity } from './show-identity.ts'

/** @throws MayflyError `name-invalid`, `profile-violation`, `names-not-allowed`, `forbidden`, `identity-exists`, `store-unavailable` */
export async function addIdentity(
  wanted: { readonly name: string; readonly profile: ProfileName; readonly names: readonly string[] },
  attempt: AuditAttempt,
  ports: IssuerPorts,
  rights: AdminRights,
): Promise<IdentityView> {
  const at = ports.clock.now()
  const identity = newIdentity(wanted, { trustDomain: ports.bundle().bundle.trustDomain, now: at })
  requireIdentity(rights, identity)
  const ending = attempt.ending(at, {
    outcome: 'done',
    identity: identity.name,
    details: { names: identity.names },
  })
  const [outcome] = await ports.store.commit([{ at, parts: [{ do: 'add-identity', identity }, ending] }])
  if (outcome?.done !== true)
    throw new MayflyError(
      'identity-exists',
      `The identity ${identity.name} exists already. To give it other names or another profile, declare it: mayfly identity apply.`,
    )
  attempt.concluded()
  return showIdentity(identity.name, ports, rights)
}
