import { decodeProtectedHeader } from 'jose/decode/protected_header'
import * as z from 'zod'
import { MayflyError } from '../errors/mayfly-error.ts'
import { type FlattenedJws, flattenedJwsSchema } from '../jws/flattened-jws.ts'
import { urlCharactersMax } from '../messages/endpoints.ts'
import { nonceSchema } from '../messages/field-schemas.ts'
import { parseMessage } from '../messages/parse-message.ts'
import { addSeconds, type Instant } from '../time/instant.ts'

/** The `typ` of a signed request's header. */
export const requestType = 'mayfly-request'

/** A request's base64url DER, a report with every serial, and base64url on top of both. */
const payloadCharactersMax = 49_152

/** What a request says of itself, outside its body. Unverified until `verifyRequest`. */
export interface RequestHeader {
  /** SHA-256 in hex of the leaf whose key signed. */
  readonly certificateFingerprint: string
  readonly url: string
  readonly issuedAt: Instant
  readonly jti: string
}

interface WireHeader {
  readonly typ: typeof requestType
  readonly alg: string
  readonly 'x5t#S256': string
  readonly url: string
  readonly iat: number
  readonly jti: string
}

const jwsSchema = flattenedJwsSchema(payloadCharactersMax)

// Strict: `crit`, `jwk`, `kid`, `x5c` and the like have no place here and are refused (RFC 7515 4.1.11).
const headerSchema: z.ZodType<WireHeader> = z.strictObject({
  typ: z.literal(requestType),
  alg: z.string().max(32),
  'x5t#S256': z.base64url().length(43),
  url: z.string().max(urlCharactersMax),
  iat: z.int().min(0),
  jti: nonceSchema,
})

/** Checks the shape of a signed request. @throws MayflyError `request-invalid` */
export function parseRequestJws(value: unknown): FlattenedJws {
  return parseMessage(jwsSchema, value, 'request-invalid', 'The signed request')
}

/** The header, to find the certificate by. @throws MayflyError `request-invalid` */
export function readRequestHeader(value: unknown): RequestHeader {
  const header = parseMessage(
    headerSchema,
    decodeHeader(value),
    'request-invalid',
    'The header of the signed request',
  )
  return {
    certificateFingerprint: Buffer.from(header['x5t#S256'], 'base64url').toString('hex'),
    url: header.url,
    issuedAt: addSeconds(0, header.iat),
    jti: header.jti,
  }
}

function decodeHeader(value: unknown): unknown {
  const jws = parseRequestJws(value)
  try {
    return decodeProtectedHeader(jws)
  } catch {
    throw new MayflyError('request-invalid', 'The header of the signed request is not JSON.')
  }
}
