import { MayflyError } from '@mayfly/ca-core'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { IdentityRecord } from '../store/identity-record.ts'
import { type IdentityView, viewIdentity } from './identity-view.ts'

/** @throws MayflyError `identity-unknown` */
export async function showIdentity(name: string, ports: IssuerPorts): Promise<IdentityView> {
  return viewIdentity(await findIdentity(name, ports), ports.clock.now())
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
