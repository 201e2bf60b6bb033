import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import { type TokenView, viewToken } from './token-view.ts'

/** A list is for people; older tokens are in the audit. */
export const listedTokensMax = 1_000

/** The newest tokens first. */
export async function listTokens({ store, clock }: IssuerPorts): Promise<readonly TokenView[]> {
  const tokens = await store.tokens({ limit: listedTokensMax })
  return tokens.map((token) => viewToken(token, clock.now()))
}
