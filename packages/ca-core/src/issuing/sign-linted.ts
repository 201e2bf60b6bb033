import { MayflyError } from '../errors/mayfly-error.ts'
import { generateKeyPair } from '../keys/key-pair.ts'
import type { KeyType } from '../keys/key-type.ts'
import type { PublicKey } from '../keys/public-key.ts'
import { type KeySigner, keySigner } from '../keys/signature.ts'
import type { Signer } from '../ports/signer.ts'
import type { Certificate } from '../x509/certificate.ts'
import { isSignedBy } from '../x509/certificate-signature.ts'
import { type CertificateContent, signCertificate } from '../x509/encode-certificate.ts'
import { parseCertificate } from '../x509/parse-certificate.ts'
import { requireLint } from './lint.ts'
import type { LintSubject } from './lint-rules.ts'
import { requireSameReading } from './second-reading.ts'

/**
 * Signs a certificate after its like, signed by a throwaway key, has passed the lint and a second
 * reader: what breaks a rule never carries the real signature. Throws `lint-failed` or
 * `key-mismatch`.
 */
export async function signLinted(
  content: CertificateContent,
  signer: Signer,
  subject: LintSubject,
  issuer?: Certificate,
): Promise<Certificate> {
  requireSignerOf(issuer?.publicKey ?? content.publicKey, signer)
  const specimen = await signCertificate(content, await throwawaySigner(signer.keyType))
  requireLint(specimen, subject)
  await requireSameReading(specimen)
  const certificate = parseCertificate(await signCertificate(content, signer))
  if (isSignedBy(certificate, issuer ?? certificate)) return certificate
  throw new MayflyError('key-mismatch', 'The signature that the signer gave does not verify.')
}

/** Throws `key-mismatch` where `signer` signs with another key than `publicKey`. */
export function requireSignerOf(publicKey: PublicKey, signer: Signer): void {
  if (signer.keyType === publicKey.type && Buffer.compare(signer.spki, publicKey.spki) === 0) return
  throw new MayflyError('key-mismatch', 'The signing key does not belong to the issuing certificate.')
}

/** A signer with the same signature algorithm as keys of `type`, whose key nobody trusts. */
export async function throwawaySigner(type: KeyType): Promise<KeySigner> {
  // RSA keys of both sizes sign alike, and the smaller one is made much faster.
  return keySigner(await generateKeyPair(type === 'rsa-4096' ? 'rsa-3072' : type))
}
