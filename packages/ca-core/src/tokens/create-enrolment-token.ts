import { SignJWT } from 'jose/jwt/sign'
import { jwsAlgorithmOf } from '../keys/key-algorithms.ts'
import type { KeyPair } from '../keys/key-pair.ts'
import { addSeconds, type Instant } from '../time/instant.ts'
import {
  type EnrolmentTokenClaims,
  encodeTokenClaims,
  parseTokenClaims,
  tokenLifetimeSecondsDefault,
  tokenType,
} from './token-claims.ts'

export interface EnrolmentTokenOptions extends Omit<EnrolmentTokenClaims, 'issuedAt' | 'expiresAt'> {
  /** The issuer's token key. */
  readonly keyPair: KeyPair
  readonly now: Instant
  readonly lifetimeSeconds?: number
}

/**
 * The one string that lets a host join: a JWT signed by the issuer.
 *
 * @throws MayflyError `token-invalid` where the result would be refused: over a day of life, a `jti` of
 * under 16 characters, or names past their limits
 */
export async function createEnrolmentToken(options: EnrolmentTokenOptions): Promise<string> {
  const { keyPair, now, lifetimeSeconds = tokenLifetimeSecondsDefault, ...claims } = options
  const payload = encodeTokenClaims({ ...claims, issuedAt: now, expiresAt: addSeconds(now, lifetimeSeconds) })
  parseTokenClaims(payload)
  return new SignJWT({ ...payload, names: [...payload.names] })
    .setProtectedHeader({ alg: jwsAlgorithmOf(keyPair.type), typ: tokenType })
    .sign(keyPair.privateKey)
}
