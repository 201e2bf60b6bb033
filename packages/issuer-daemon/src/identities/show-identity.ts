import { MayflyError } from '@mayfly/ca-core'
import { type AdminRights, requireIdentity } from '../admin/admin-rights.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { IdentityRecord } from '../store/identity-record.ts'
import { type IdentityView, viewIdentity } from './identity-view.ts'

/** @throws MayflyError `identity-unknown`, `forbidden` */
export async function showIdentity(
  name: string,
  ports: IssuerPorts,
  rights: AdminRights,
): Promise<IdentityView> {
  const identity = await findIdentity(name, ports)
  requireIdentity(rights, identity)
  return viewIdentity(identity, ports.clock.now())
}

/** @throws MayflyError `identity-unknown` */
export async function findIdentity(
  name: string,
  { store }: Pick<IssuerPorts, 'store'>,
): Promise<IdentityRecord> {
  const identity = await store.identity({ name })
  if (identity === undefined) throw new MayflyError('identity-unknown', `There is no identity ${name}.`)
  return identity
}
