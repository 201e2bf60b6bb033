import {
  type Certificate,
  type Instant,
  isSignedBy,
  MayflyError,
  type PublicKey,
  type TrustBundle,
  verifyIntermediateProfile,
} from '@mayfly/ca-core'

/**
 * The root in the bundle that signed the intermediate, after everything about it was checked.
 *
 * @throws MayflyError `chain-untrusted` (no such root, or distrusted), `key-mismatch`, `certificate-expired`,
 * `profile-violation`
 */
export function verifyAuthority(
  certificate: Certificate,
  {
    bundle,
    publicKey,
    now,
    distrustRemedy,
  }: {
    readonly bundle: TrustBundle
    readonly publicKey: PublicKey
    readonly now: Instant
    /** What to do where the bundle distrusts it, in whole sentences. */
    readonly distrustRemedy: string
  },
): Certificate {
  const root = bundle.roots.find((candidate) => isSignedBy(certificate, candidate))
  if (root === undefined) {
    throw new MayflyError(
      'chain-untrusted',
      `The intermediate ${certificate.subject} is signed by none of the roots in trust bundle ${bundle.sequence}.`,
    )
  }
  verifyIntermediateProfile(certificate, { root, publicKey, now })
  if (bundle.distrusted.includes(certificate.fingerprint)) {
    throw new MayflyError(
      'chain-untrusted',
      `Trust bundle ${bundle.sequence} distrusts the intermediate ${certificate.fingerprint}. ${distrustRemedy}`,
    )
  }
  return root
}
