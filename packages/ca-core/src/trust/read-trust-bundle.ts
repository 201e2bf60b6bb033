import { addSeconds, type Instant } from '../time/instant.ts'
import { parseBundleText } from './bundle-header.ts'
import { parseBundlePayload } from './bundle-payload.ts'
import type { TrustBundle } from './trust-bundle.ts'

export interface UnverifiedBundle {
  readonly bundle: TrustBundle
  /** SHA-256 in hex of the root that the bundle says has signed it. */
  readonly signerFingerprint: string
  readonly signedAt: Instant
}

/** What a signed bundle says, unverified: for showing it to a person. @throws MayflyError `bundle-invalid` */
export async function readTrustBundle(text: string): Promise<UnverifiedBundle> {
  const { jws, signerFingerprint, iat } = parseBundleText(text)
  const bundle = await parseBundlePayload(Buffer.from(jws.payload, 'base64url'))
  return { bundle, signerFingerprint, signedAt: addSeconds(0, iat) }
}
