import { JWTExpired } from 'jose/errors'
import { decodeJwt } from 'jose/jwt/decode'
import { jwtVerify } from 'jose/jwt/verify'
import { MayflyError } from '../errors/mayfly-error.ts'
import { jwsAlgorithmOf } from '../keys/key-algorithms.ts'
import type { PublicKey } from '../keys/public-key.ts'
import { decodeBase64url } from '../messages/base64url.ts'
import { canonicalIssuerUrl } from '../messages/endpoints.ts'
import { tokenCharactersMax } from '../messages/field-schemas.ts'
import { readJsonBytes } from '../messages/read-json.ts'
import { addSeconds, formatInstant, type Instant } from '../time/instant.ts'
import { type EnrolmentTokenClaims, parseTokenClaims, tokenType } from './token-claims.ts'

/** Several issuers may share the token key; their clocks agree to within this. */
const issuerClockSkewSeconds = 60

/**
 * What a token says, unverified: for the agent, which has nothing to verify it with. The agent learns from it
 * whom to ask and which root to require; the issuer alone decides whether it is good.
 *
 * @throws MayflyError `token-invalid`
 */
export function readEnrolmentToken(text: string): EnrolmentTokenClaims {
  return parseTokenClaims(decodePayload(text.trim()))
}

export interface TokenVerification {
  readonly publicKey: PublicKey
  readonly issuerUrl: string
  readonly now: Instant
}

/**
 * Verifies a token at the issuer. Whether its `jti` was used or revoked is for the store to say.
 *
 * @throws MayflyError `token-invalid` (form, signature, algorithm, from the future), `token-expired`,
 * `token-other-issuer`
 */
export async function verifyEnrolmentToken(
  text: string,
  options: TokenVerification,
): Promise<EnrolmentTokenClaims> {
  const { publicKey, issuerUrl, now } = options
  // Read first, because a token of another issuer fails its signature too, and this says why.
  requireIssuer(readEnrolmentToken(text), issuerUrl)
  const claims = parseTokenClaims(await verifyPayload(text, publicKey, now))
  if (claims.issuedAt > addSeconds(now, issuerClockSkewSeconds)) {
    throw new MayflyError(
      'token-invalid',
      `The enrolment token is from the future: ${formatInstant(claims.issuedAt)}. Compare the clocks.`,
    )
  }
  return claims
}

function decodePayload(text: string): unknown {
  if (text.length > tokenCharactersMax) {
    throw new MayflyError(
      'token-invalid',
      `The enrolment token is over ${tokenCharactersMax} characters long.`,
    )
  }
  try {
    requireOneReading(text)
    return decodeJwt(text)
  } catch {
    // Without the cause: it may quote the token.
    throw new MayflyError('token-invalid', 'This is no enrolment token. Copy the whole string in one line.')
  }
}

/** jose takes the last of two members; whoever shows a token to a person may take the first. */
function requireOneReading(text: string): void {
  for (const part of text.split('.', 2)) {
    if (readJsonBytes(decodeBase64url(part)).is !== 'read') throw new SyntaxError('not one reading')
  }
}

function requireIssuer(claims: EnrolmentTokenClaims, issuerUrl: string): void {
  if (claims.issuerUrl === canonicalIssuerUrl(issuerUrl)) return
  throw new MayflyError('token-other-issuer', `The enrolment token is for the issuer ${claims.issuerUrl}.`)
}

async function verifyPayload(text: string, publicKey: PublicKey, now: Instant): Promise<unknown> {
  try {
    const { payload } = await jwtVerify(text, publicKey.key, {
      // RFC 8725 3.1: the key decides on the algorithm, the token never does.
      algorithms: [jwsAlgorithmOf(publicKey.type)],
      typ: tokenType,
      requiredClaims: ['iss', 'sub', 'jti', 'iat', 'exp'],
      currentDate: new Date(now),
    })
    return payload
  } catch (error) {
    if (error instanceof JWTExpired) throw new MayflyError('token-expired', expiredMessage)
    throw new MayflyError('token-invalid', 'The enrolment token was not signed by this issuer.')
  }
}

const expiredMessage = 'The enrolment token has expired. Create another with `mayfly token create`.'
