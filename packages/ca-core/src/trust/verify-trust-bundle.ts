import { MayflyError } from '../errors/mayfly-error.ts'
import { type FlattenedJws, verifyFlattened } from '../jws/flattened-jws.ts'
import type { Certificate } from '../x509/certificate.ts'
import { parseBundleText } from './bundle-header.ts'
import { parseBundlePayload } from './bundle-payload.ts'
import { sameTrustBundle, type TrustBundle } from './trust-bundle.ts'

/** What the reader holds already: a root's fingerprint from a token, or the bundle before this one. */
export type BundleTrust = { readonly rootFingerprint: string } | { readonly held: TrustBundle }

/**
 * Reads a signed trust bundle and accepts it only on the word of a root that is trusted already.
 *
 * @param text the flattened JWS, as `signTrustBundle` writes it
 * @throws MayflyError `bundle-invalid` (broken, empty, or another content under the held sequence),
 * `bundle-untrusted` (not signed by a trusted root), `bundle-older` (a sequence below the held one)
 */
export async function verifyTrustBundle(text: string, trust: BundleTrust): Promise<TrustBundle> {
  const { jws, signerFingerprint } = parseBundleText(text)
  const bundle = await parseBundlePayload(Buffer.from(jws.payload, 'base64url'))
  await verifySigner(jws, findSigner(signerFingerprint, bundle, trust))
  requireSigner(signerFingerprint, bundle)
  if ('held' in trust) requireSuccessor(bundle, trust.held)
  return bundle
}

/**
 * The trusted root that the header names. With a fingerprint alone, its certificate comes from the bundle
 * itself, which proves nothing yet: the hash is what is trusted.
 */
function findSigner(signerFingerprint: string, bundle: TrustBundle, trust: BundleTrust): Certificate {
  const trusted =
    'held' in trust
      ? trust.held.roots
      : bundle.roots.filter((root) => root.fingerprint === trust.rootFingerprint)
  const signer = trusted.find((root) => root.fingerprint === signerFingerprint)
  if (signer === undefined) {
    throw new MayflyError(
      'bundle-untrusted',
      `The trust bundle is signed by the certificate ${signerFingerprint}, which is no root trusted here.`,
      { details: { signer: signerFingerprint } },
    )
  }
  return signer
}

async function verifySigner(jws: FlattenedJws, signer: Certificate): Promise<void> {
  if ((await verifyFlattened(jws, signer.publicKey)) === undefined) {
    throw new MayflyError(
      'bundle-untrusted',
      `The signature of the trust bundle is not that of ${signer.subject}.`,
      {
        details: { signer: signer.fingerprint },
      },
    )
  }
}

/** Every accepted bundle can be accepted again by a host that knows only its signer's fingerprint. */
function requireSigner(signerFingerprint: string, bundle: TrustBundle): void {
  if (!bundle.roots.some((root) => root.fingerprint === signerFingerprint)) {
    throw new MayflyError('bundle-invalid', 'The trust bundle does not contain the root that signed it.')
  }
}

function requireSuccessor(bundle: TrustBundle, held: TrustBundle): void {
  const details = { sequence: bundle.sequence, held: held.sequence }
  if (bundle.trustDomain !== held.trustDomain) {
    throw new MayflyError(
      'bundle-invalid',
      `The trust bundle is for the trust domain ${bundle.trustDomain}, not for ${held.trustDomain}.`,
      { details },
    )
  }
  if (bundle.sequence < held.sequence) {
    throw new MayflyError(
      'bundle-older',
      `The trust bundle has sequence ${bundle.sequence}; ${held.sequence} is held already.`,
      { details },
    )
  }
  if (bundle.sequence === held.sequence && !sameTrustBundle(bundle, held)) {
    throw new MayflyError('bundle-invalid', `There are two trust bundles with sequence ${bundle.sequence}.`, {
      details,
    })
  }
}
