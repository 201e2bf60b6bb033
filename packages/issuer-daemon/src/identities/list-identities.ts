import { type AdminRights, mayGovern } from '../admin/admin-rights.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { IdentityRecord } from '../store/identity-record.ts'
import { type IdentityFilter, matchesFilter } from './identity-filter.ts'
import { type IdentityView, viewIdentity } from './identity-view.ts'
import { literalPrefix } from './text-pattern.ts'

/** Identities in one page, and those looked at for one: a page costs the same whatever the filter and the store. */
export const listedIdentitiesMax = 1_000

export interface IdentityListOrder extends IdentityFilter {
  readonly afterName?: string
  /** At most and by default `listedIdentitiesMax`. */
  readonly limit?: number
}

export interface IdentityList {
  readonly identities: readonly IdentityView[]
  /** Ask again after this name; absent at the end. A page may be empty and still not be the last. */
  readonly next?: string
}

/** Identities by name, a page at a time: those that the admin has a say over. */
export async function listIdentities(
  { limit = listedIdentitiesMax, afterName, ...filter }: IdentityListOrder,
  { store, clock, policy, bundle }: Pick<IssuerPorts, 'store' | 'clock' | 'policy' | 'bundle'>,
  rights: AdminRights,
): Promise<IdentityList> {
  const now = clock.now()
  const bundleSequence = filter.bundleBehind ? bundle().bundle.sequence : 0
  const measure = { now, lifetimeSeconds: policy.lifetimeSeconds, bundleSequence }
  const prefix = literalPrefix(filter.name ?? '')
  const looked = await store.identities({
    afterName: afterName ?? justBefore(prefix),
    limit: listedIdentitiesMax,
    ...(filter.state === 'suspended' && { suspended: true }),
  })
  const found: IdentityRecord[] = []
  for (const identity of looked) {
    if (isPast(identity.name, prefix)) return { identities: view(found) }
    if (!matchesFilter(identity, filter, measure) || !mayGovern(rights, identity)) continue
    if (found.length === limit) return { identities: view(found), next: lastName(found) }
    found.push(identity)
  }
  const isEnd = looked.length < listedIdentitiesMax
  return { identities: view(found), ...(!isEnd && { next: lastName(looked) }) }

  function view(identities: readonly IdentityRecord[]): IdentityView[] {
    return identities.map((identity) => viewIdentity(identity, now))
  }
}

/** A text below every name with that prefix, and above every name below them. Names are ASCII below DEL. */
function justBefore(prefix: string): string {
  if (prefix === '') return ''
  return `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) - 1)}\x7f`
}

function isPast(name: string, prefix: string): boolean {
  return name > prefix && !name.startsWith(prefix)
}

function lastName(identities: readonly IdentityRecord[]): string {
  return identities.at(-1)?.name ?? ''
}
