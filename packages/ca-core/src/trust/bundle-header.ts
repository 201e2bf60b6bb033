import * as z from 'zod'
import { MayflyError } from '../errors/mayfly-error.ts'
import { type FlattenedJws, flattenedJwsSchema } from '../jws/flattened-jws.ts'
import { parseJsonMessage } from '../messages/parse-message.ts'
import { bundleCharactersMax, bundleType } from './trust-bundle.ts'

/** The signed header of a bundle: which root signed it, and when. */
export interface BundleHeader {
  readonly typ: typeof bundleType
  readonly alg: string
  /** SHA-256 of the signing root's DER, base64url (RFC 7515 4.1.8). */
  readonly 'x5t#S256': string
  /** Seconds since 1970. */
  readonly iat: number
}

const jwsSchema = flattenedJwsSchema(bundleCharactersMax)

const headerSchema: z.ZodType<BundleHeader> = z.strictObject({
  typ: z.literal(bundleType),
  alg: z.string(),
  'x5t#S256': z.base64url().length(43),
  iat: z.int().min(0),
})

/** Takes the text of a bundle apart, unverified. @throws MayflyError `bundle-invalid` */
export function parseBundleText(text: string): { jws: FlattenedJws; signerFingerprint: string; iat: number } {
  if (text.length > bundleCharactersMax) {
    throw new MayflyError(
      'bundle-invalid',
      `The trust bundle is over ${bundleCharactersMax} characters long.`,
    )
  }
  const jws = parseJsonMessage(jwsSchema, text, 'bundle-invalid', 'The trust bundle')
  const header = parseJsonMessage(
    headerSchema,
    Buffer.from(jws.protected, 'base64url'),
    'bundle-invalid',
    'The header of the trust bundle',
  )
  return {
    jws,
    signerFingerprint: Buffer.from(header['x5t#S256'], 'base64url').toString('hex'),
    iat: header.iat,
  }
}
