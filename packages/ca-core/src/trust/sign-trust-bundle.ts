import { MayflyError } from '../errors/mayfly-error.ts'
import { signFlattened } from '../jws/flattened-jws.ts'
import type { KeyPair } from '../keys/key-pair.ts'
import { type Instant, secondMs } from '../time/instant.ts'
import type { Certificate } from '../x509/certificate.ts'
import { encodeBundlePayload } from './bundle-payload.ts'
import { bundleType, type TrustBundle } from './trust-bundle.ts'

export interface BundleSigner {
  /** A root that the readers of the bundle trust already, and that the bundle contains. */
  readonly certificate: Certificate
  /** Its key. In memory, because jose makes the signature. */
  readonly keyPair: KeyPair
  readonly now: Instant
}

/**
 * Signs a trust bundle: a flattened JWS as JSON text.
 *
 * @throws MayflyError `key-mismatch` where the key is not the root's; `bundle-invalid` where a reader would
 * refuse the bundle.
 */
export async function signTrustBundle(bundle: TrustBundle, signer: BundleSigner): Promise<string> {
  const { certificate, keyPair, now } = signer
  if (keyPair.publicKey.hash !== certificate.publicKey.hash) {
    throw new MayflyError('key-mismatch', `The key is not that of the root ${certificate.subject}.`)
  }
  if (!bundle.roots.some((root) => root.fingerprint === certificate.fingerprint)) {
    throw new MayflyError(
      'bundle-invalid',
      `The bundle does not contain the root that signs it: ${certificate.subject}.`,
    )
  }
  const header = {
    typ: bundleType,
    'x5t#S256': Buffer.from(certificate.fingerprint, 'hex').toString('base64url'),
    iat: Math.floor(now / secondMs),
  }
  return `${JSON.stringify(await signFlattened(await encodeBundlePayload(bundle), header, keyPair))}\n`
}
