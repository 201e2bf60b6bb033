import * as z from 'zod'
import { MayflyError } from '../errors/mayfly-error.ts'
import { type ProfileName, profileNames } from '../issuing/profile.ts'
import { canonicalIssuerUrl, urlCharactersMax } from '../messages/endpoints.ts'
import { nonceSchema, sha256HexSchema } from '../messages/field-schemas.ts'
import { parseMessage } from '../messages/parse-message.ts'
import { addSeconds, type Instant, secondMs } from '../time/instant.ts'

/** One permission to join: where, under which root, as whom. */
export interface EnrolmentTokenClaims {
  readonly issuerUrl: string
  /** SHA-256 of the root's DER, hex: the agent's first and only ground to trust the issuer. */
  readonly rootFingerprint: string
  readonly identity: string
  readonly profile: ProfileName
  /** As `formatName` writes them. */
  readonly names: readonly string[]
  /** Used once. */
  readonly jti: string
  readonly issuedAt: Instant
  readonly expiresAt: Instant
}

/** The `typ` of the token's header (RFC 8725 3.11: explicit typing). */
export const tokenType = 'mayfly-enrolment+jwt'

/** Long enough to walk to the host and type; short enough that a leaked one is worth little. */
export const tokenLifetimeSecondsDefault = 900
/** For unattended installations; a day, like a leaf. */
export const tokenLifetimeSecondsMax = 86_400

/** A leaf's names; more do not fit into the messages. */
const namesMax = 100
/** `uri:` and a SPIFFE ID at its longest (SPIFFE-ID 2.3). */
const nameCharactersMax = 2_052

/** The payload of the JWT: registered claims (RFC 7519 4.1) where there is one. */
export interface TokenPayload {
  readonly iss: string
  readonly sub: string
  readonly jti: string
  readonly iat: number
  /** Required: a token without an expiry would be one for ever. */
  readonly exp: number
  readonly root: string
  readonly profile: ProfileName
  readonly names: readonly string[]
}

const payloadSchema: z.ZodType<TokenPayload> = z.strictObject({
  iss: z.string().min(1).max(urlCharactersMax),
  sub: z.string().min(1).max(64),
  jti: nonceSchema,
  iat: z.int().min(0),
  exp: z.int().min(0),
  root: sha256HexSchema,
  profile: z.enum(profileNames),
  names: z.array(z.string().min(1).max(nameCharactersMax)).max(namesMax),
})

export function encodeTokenClaims(claims: EnrolmentTokenClaims): TokenPayload {
  return {
    iss: canonicalIssuerUrl(claims.issuerUrl),
    sub: claims.identity,
    jti: claims.jti,
    iat: Math.floor(claims.issuedAt / secondMs),
    exp: Math.floor(claims.expiresAt / secondMs),
    root: claims.rootFingerprint,
    profile: claims.profile,
    names: claims.names,
  }
}

/** @throws MayflyError `token-invalid` */
export function parseTokenClaims(payload: unknown): EnrolmentTokenClaims {
  const { iss, sub, jti, iat, exp, root, profile, names } = parseMessage(
    payloadSchema,
    payload,
    'token-invalid',
    'The enrolment token',
  )
  if (exp <= iat || exp - iat > tokenLifetimeSecondsMax) {
    throw new MayflyError(
      'token-invalid',
      `An enrolment token lives a second to ${tokenLifetimeSecondsMax / 3_600} hours; this one would live ${exp - iat} seconds.`,
    )
  }
  return {
    issuerUrl: parseIssuer(iss),
    rootFingerprint: root,
    identity: sub,
    profile,
    names,
    jti,
    issuedAt: addSeconds(0, iat),
    expiresAt: addSeconds(0, exp),
  }
}

function parseIssuer(iss: string): string {
  try {
    return canonicalIssuerUrl(iss)
  } catch (cause) {
    throw new MayflyError('token-invalid', 'The enrolment token names no issuer.', { cause })
  }
}
