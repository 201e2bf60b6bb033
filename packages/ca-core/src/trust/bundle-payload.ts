import { isDeepStrictEqual } from 'node:util'
import type { JWK } from 'jose'
import { exportJWK } from 'jose/key/export'
import * as z from 'zod'
import { MayflyError } from '../errors/mayfly-error.ts'
import { sha256HexSchema } from '../messages/field-schemas.ts'
import { parseJsonMessage } from '../messages/parse-message.ts'
import { trustDomainPattern } from '../names/uri-name.ts'
import type { Certificate } from '../x509/certificate.ts'
import { isSignedBy } from '../x509/certificate-signature.ts'
import { parseCertificate } from '../x509/parse-certificate.ts'
import { bundleDistrustedMax, bundleRootsMax, type TrustBundle } from './trust-bundle.ts'

/** A root as a SPIFFE bundle lists it (SPIFFE Trust Domain and Bundle, 4.2.1), with its certificate in `x5c`. */
type RootJwk = JWK & { use: 'x509-svid'; x5c: [string] }

interface BundlePayload {
  readonly sequence: number
  readonly trustDomain: string
  readonly keys: readonly RootJwk[]
  readonly distrusted: readonly string[]
}

/** SPIFFE-ID 2.1: lower-case letters, digits, dots, dashes and underscores. */
export const trustDomainSchema: z.ZodType<string> = z
  .string()
  .regex(trustDomainPattern, 'is not a trust domain')

const rootJwkSchema = z.looseObject({
  kty: z.string(),
  use: z.literal('x509-svid'),
  x5c: z.tuple([z.base64()]),
}) as unknown as z.ZodType<RootJwk>

const payloadSchema: z.ZodType<BundlePayload> = z.strictObject({
  sequence: z.int().min(1),
  trustDomain: trustDomainSchema,
  // Promise 4: an empty bundle trusts nobody, and says so by being refused.
  keys: z.array(rootJwkSchema).min(1).max(bundleRootsMax),
  distrusted: z.array(sha256HexSchema).max(bundleDistrustedMax),
})

/** The bytes that a root signs. @throws MayflyError `bundle-invalid` where no reader would accept them. */
export async function encodeBundlePayload(bundle: TrustBundle): Promise<Uint8Array> {
  const payload: BundlePayload = {
    sequence: bundle.sequence,
    trustDomain: bundle.trustDomain,
    keys: await Promise.all(bundle.roots.map(encodeRoot)),
    distrusted: bundle.distrusted,
  }
  const bytes = Buffer.from(JSON.stringify(payload))
  await parseBundlePayload(bytes)
  return bytes
}

/** Reads the payload of a bundle; says nothing of who signed it. @throws MayflyError `bundle-invalid` */
export async function parseBundlePayload(bytes: Uint8Array): Promise<TrustBundle> {
  const payload = parseJsonMessage(payloadSchema, bytes, 'bundle-invalid', 'The trust bundle')
  const roots = await Promise.all(payload.keys.map(parseRoot))
  if (new Set(roots.map((root) => root.fingerprint)).size !== roots.length) {
    throw new MayflyError('bundle-invalid', 'The trust bundle names a root twice.')
  }
  const { sequence, trustDomain, distrusted } = payload
  return { sequence, trustDomain, roots, distrusted }
}

async function encodeRoot(root: Certificate): Promise<RootJwk> {
  const x5c: [string] = [Buffer.from(root.der).toString('base64')]
  return { ...(await exportJWK(root.publicKey.key)), use: 'x509-svid', x5c }
}

async function parseRoot({ use: _use, x5c, ...jwk }: RootJwk): Promise<Certificate> {
  const root = parseRootCertificate(Buffer.from(x5c[0], 'base64'))
  // One key, said twice: a reader of the JWK and a reader of the certificate must see the same.
  if (!isDeepStrictEqual({ ...jwk }, { ...(await exportJWK(root.publicKey.key)) })) {
    throw new MayflyError(
      'bundle-invalid',
      `A key of the trust bundle is not that of its certificate ${root.subject}.`,
    )
  }
  return root
}

function parseRootCertificate(der: Uint8Array): Certificate {
  let root: Certificate
  try {
    root = parseCertificate(der)
  } catch (cause) {
    throw new MayflyError('bundle-invalid', 'The trust bundle holds a certificate that cannot be read.', {
      cause,
    })
  }
  if (!root.isCa || !isSignedBy(root, root)) {
    throw new MayflyError(
      'bundle-invalid',
      `The trust bundle holds a certificate that is no root: ${root.subject}.`,
    )
  }
  return root
}
