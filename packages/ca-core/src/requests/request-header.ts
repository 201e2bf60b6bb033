import * as z from 'zod'
import { isSerial } from '../issuing/serial.ts'
import { type FlattenedJws, flattenedJwsSchema } from '../jws/flattened-jws.ts'
import { urlCharactersMax } from '../messages/endpoints.ts'
import { nonceSchema } from '../messages/field-schemas.ts'
import { parseJsonMessage, parseMessage } from '../messages/parse-message.ts'
import { addSeconds, type Instant } from '../time/instant.ts'
import type { Certificate } from '../x509/certificate.ts'

/** The `typ` of a signed request's header. */
export const requestType = 'mayfly-request'

/** A request's base64url DER, a report with every serial, and base64url on top of both. */
const payloadCharactersMax = 49_152

/**
 * The leaf whose key signed. Its SHA-256 says which one it is; by its serial, which the log of issuance has in the order
 * of time, the issuer finds it.
 */
export type NamedSigner = Pick<Certificate, 'serial' | 'fingerprint'>

/** What a request says of itself, outside its body. Unverified until `verifyRequest`. */
export interface RequestHeader {
  readonly signer: NamedSigner
  readonly url: string
  readonly issuedAt: Instant
  readonly jti: string
}

interface WireHeader {
  readonly typ: typeof requestType
  readonly alg: string
  readonly 'x5t#S256': string
  readonly serial: string
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
  serial: z.string().refine(isSerial, 'is not the serial number of a leaf'),
  url: z.string().max(urlCharactersMax),
  iat: z.int().min(0),
  jti: nonceSchema,
})

/** Checks the shape of a signed request. @throws MayflyError `request-invalid` */
export function parseRequestJws(value: unknown): FlattenedJws {
  return parseMessage(jwsSchema, value, 'request-invalid', 'The signed request')
}

/** A signed request whose form was checked, and whose signature was not. */
export interface SignedRequest {
  readonly jws: FlattenedJws
  readonly header: RequestHeader
  /** The JWS `alg` that it claims. */
  readonly algorithm: string
}

/** Reads the outside of a signed request, once. @throws MayflyError `request-invalid` */
export function readSignedRequest(value: unknown): SignedRequest {
  const jws = parseRequestJws(value)
  const what = 'The header of the signed request'
  const header = parseJsonMessage(
    headerSchema,
    Buffer.from(jws.protected, 'base64url'),
    'request-invalid',
    what,
  )
  return {
    jws,
    algorithm: header.alg,
    header: {
      signer: {
        serial: header.serial,
        fingerprint: Buffer.from(header['x5t#S256'], 'base64url').toString('hex'),
      },
      url: header.url,
      issuedAt: addSeconds(0, header.iat),
      jti: header.jti,
    },
  }
}

/** The header, to find the certificate by. @throws MayflyError `request-invalid` */
export function readRequestHeader(value: unknown): RequestHeader {
  return readSignedRequest(value).header
}
