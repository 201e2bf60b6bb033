import { type AdminRights, requireIdentity } from '../admin/admin-rights.ts'
import type { AuditAttempt } from '../audit/audit-attempt.ts'
import { decideAgain } from '../issuing/decide-again.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { IdentityRecord } from '../store/identity-record.ts'
import type { IdentityView } from './identity-view.ts'
import { moveIdentity } from './move-identity.ts'
import { findIdentity, showIdentity } from './show-identity.ts'
import { requireResumable } from './suspension.ts'

export interface Resumed {
  readonly identity: IdentityView
  /** Where it is `false`, the host needs a new token. */
  readonly lineageKept: boolean
}

/**
 * Lets a suspended identity get certificates again. A delegate takes back only what it gave: not what the owner has
 * suspended, and not a lineage that two hosts held.
 *
 * @throws MayflyError `identity-unknown`, `forbidden`, `store-unavailable`
 */
export async function resumeIdentity(
  name: string,
  attempt: AuditAttempt,
  ports: IssuerPorts,
  rights: AdminRights,
): Promise<Resumed> {
  await decideAgain(ports.clock, async () => {
    const found = await findIdentity(name, ports)
    requireIdentity(rights, found)
    requireResumable(rights, found)
    const resumed = planResume(found)
    return moveIdentity(resumed, { outcome: 'done', identity: name }, attempt, ports)
  })
  const identity = await showIdentity(name, ports, rights)
  return { identity, lineageKept: identity.lineage !== undefined }
}

/**
 * The identity without its suspension. A lineage that two hosts held ends: nobody here can know which of them
 * holds its newest key, so a token decides.
 */
export function planResume({ suspension, ...identity }: IdentityRecord): IdentityRecord {
  if (suspension?.because !== 'lineage-conflict') return identity
  const { lineage: _, ...withoutLineage } = identity
  return withoutLineage
}
