import { MayflyError } from '@mayfly/ca-core'
import { type AdminRights, requireIdentity } from '../admin/admin-rights.ts'
import type { AuditAttempt } from '../audit/audit-attempt.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'

/**
 * From now on the token lets nobody in. What it was used for before stays.
 *
 * @throws MayflyError `token-unknown`, `forbidden`, `store-unavailable`
 */
export async function revokeToken(
  jti: string,
  attempt: AuditAttempt,
  { store, clock }: IssuerPorts,
  rights: AdminRights,
): Promise<void> {
  const token = await store.token(jti)
  const identity = token && (await store.identity({ name: token.identity }))
  if (identity !== undefined) requireIdentity(rights, identity)
  const at = clock.now()
  const ending = attempt.ending(at, { outcome: 'done', details: { jti } })
  const [outcome] = await store.commit([{ at, parts: [{ do: 'revoke-token', jti, at }, ending] }])
  if (outcome?.done !== true) throw new MayflyError('token-unknown', `There is no token ${jti}.`)
  attempt.concluded()
}
