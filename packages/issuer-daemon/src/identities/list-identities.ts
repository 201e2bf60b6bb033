import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import { type IdentityFilter, type IdentityView, listedIdentitiesMax, viewIdentity } from './identity-view.ts'

/** Identities by name, a page at a time. */
export async function listIdentities(
  { limit = listedIdentitiesMax, ...filter }: IdentityFilter,
  { store, clock }: IssuerPorts,
): Promise<readonly IdentityView[]> {
  const identities = await store.identities({ ...filter, limit: Math.min(limit, listedIdentitiesMax) })
  return identities.map((identity) => viewIdentity(identity, clock.now()))
}
