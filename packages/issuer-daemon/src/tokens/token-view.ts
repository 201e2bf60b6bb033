import { formatInstant, type Instant } from '@mayfly/ca-core'
import type { TokenRecord } from '../store/token-record.ts'

/** A token as lists show it. The token itself is shown once, when it is made. */
export interface TokenView {
  readonly jti: string
  readonly identity: string
  readonly state: 'open' | 'used' | 'revoked' | 'expired'
  readonly createdAt: string
  readonly expiresAt: string
  readonly usedAt?: string
}

export function viewToken(token: TokenRecord, now: Instant): TokenView {
  return {
    jti: token.jti,
    identity: token.identity,
    state: stateOf(token, now),
    createdAt: formatInstant(token.createdAt),
    expiresAt: formatInstant(token.expiresAt),
    ...(token.use && { usedAt: formatInstant(token.use.at) }),
  }
}

function stateOf({ revokedAt, use, expiresAt }: TokenRecord, now: Instant): TokenView['state'] {
  if (revokedAt !== undefined) return 'revoked'
  if (use !== undefined) return 'used'
  return expiresAt <= now ? 'expired' : 'open'
}
