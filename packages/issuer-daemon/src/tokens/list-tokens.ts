import { type AdminRights, mayGovern } from '../admin/admin-rights.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { TokenRecord } from '../store/token-record.ts'
import { type TokenView, viewToken } from './token-view.ts'

/** A list is for people; older tokens are in the audit. */
export const listedTokensMax = 1_000

/** The newest tokens first: those for identities that the admin has a say over. */
export async function listTokens(
  { store, clock }: Pick<IssuerPorts, 'store' | 'clock'>,
  rights: AdminRights,
): Promise<readonly TokenView[]> {
  const tokens = await store.tokens({ limit: listedTokensMax })
  const governed = rights.is === 'owner' ? tokens : await tokensOf(rights, tokens, store)
  return governed.map((token) => viewToken(token, clock.now()))
}

async function tokensOf(
  rights: AdminRights,
  tokens: readonly TokenRecord[],
  store: IssuerPorts['store'],
): Promise<TokenRecord[]> {
  const names = [...new Set(tokens.map(({ identity }) => identity))]
  const identities = await Promise.all(names.map((name) => store.identity({ name })))
  const governed = new Set(
    identities.flatMap((identity) =>
      identity !== undefined && mayGovern(rights, identity) ? [identity.name] : [],
    ),
  )
  return tokens.filter(({ identity }) => governed.has(identity))
}
