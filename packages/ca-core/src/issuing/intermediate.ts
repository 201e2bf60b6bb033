import { oids } from '../der/oids.ts'
import { MayflyError } from '../errors/mayfly-error.ts'
import type { PublicKey } from '../keys/public-key.ts'
import type { CertificateRequest } from '../pkcs10/certificate-request.ts'
import type { Random } from '../ports/random.ts'
import type { Signer } from '../ports/signer.ts'
import { addSeconds, formatInstant, type Instant } from '../time/instant.ts'
import type { Certificate } from '../x509/certificate.ts'
import { isSignedBy } from '../x509/certificate-signature.ts'
import { encodeDistinguishedName } from '../x509/distinguished-name.ts'
import { encodeExtension } from '../x509/extension.ts'
import { encodeAuthorityKeyId, encodeExtendedKeyUsage, encodeSubjectKeyId } from '../x509/extension-values.ts'
import { keyIdOf } from '../x509/key-identifier.ts'
import type { NameConstraints } from '../x509/name-constraints.ts'
import { authorityExtensions } from './authority-extensions.ts'
import { backdateSeconds, intermediateLifetimeSeconds, intermediateLifetimeSecondsMin } from './lifetimes.ts'
import { lint } from './lint.ts'
import { drawSerial } from './serial.ts'
import { signLinted } from './sign-linted.ts'

export interface IntermediateOptions {
  readonly root: { readonly certificate: Certificate; readonly signer: Signer }
  /** Only its key is taken. */
  readonly request: CertificateRequest
  /** Default: `Mayfly Intermediate` and the first digits of the key's hash, so that no two share a name. */
  readonly commonName?: string
  readonly now: Instant
  readonly random: Random
  /** Default and maximum 90 days, backdating included. */
  readonly lifetimeSeconds?: number
  readonly nameConstraints?: NameConstraints
}

/**
 * An intermediate by the profile table, for the key of `request`.
 * Throws `profile-violation`, `key-reused`, `authority-expired`, `name-invalid` or `lint-failed`.
 */
export async function signIntermediate(options: IntermediateOptions): Promise<Certificate> {
  const { root, request, now, random, nameConstraints } = options
  const { publicKey } = request
  checkRequest(request, root.certificate)
  const { notBefore, notAfter } = validity(options)
  const content = {
    serial: drawSerial(random, now),
    issuerDer: root.certificate.subjectDer,
    subjectDer: encodeDistinguishedName(
      options.commonName ?? `Mayfly Intermediate ${publicKey.hash.slice(0, 8)}`,
    ),
    notBefore,
    notAfter,
    publicKey,
    extensions: [
      ...authorityExtensions({ isCa: true, pathLength: 0 }, nameConstraints),
      encodeExtension(oids.extKeyUsage, false, encodeExtendedKeyUsage(['serverAuth', 'clientAuth'])),
      encodeExtension(oids.subjectKeyIdentifier, false, encodeSubjectKeyId(keyIdOf(publicKey))),
      encodeExtension(
        oids.authorityKeyIdentifier,
        false,
        encodeAuthorityKeyId(keyIdOf(root.certificate.publicKey)),
      ),
    ],
  }
  if (now < root.certificate.notBefore) throw rootNotValid(root.certificate)
  return signLinted(
    content,
    root.signer,
    { kind: 'intermediate', issuer: root.certificate },
    root.certificate,
  )
}

/**
 * Whether `certificate` is an intermediate that may be put to use: signed by `root`, by the profile
 * table, valid at `now`, and for `publicKey` where one is given.
 * Throws `chain-untrusted`, `key-mismatch`, `certificate-expired` or `profile-violation`.
 */
export function verifyIntermediateProfile(
  certificate: Certificate,
  {
    root,
    publicKey,
    now,
  }: { readonly root: Certificate; readonly publicKey?: PublicKey; readonly now: Instant },
): void {
  if (publicKey !== undefined && certificate.publicKey.hash !== publicKey.hash) {
    throw new MayflyError(
      'key-mismatch',
      'The intermediate certificate is for another key than the one that asked.',
    )
  }
  if (!isSignedBy(certificate, root)) {
    throw new MayflyError('chain-untrusted', `The intermediate is not signed by the root "${root.subject}".`)
  }
  const findings = lint(certificate.der, { kind: 'intermediate', issuer: root })
  if (findings.length > 0) {
    const told = findings.map(({ message }) => message)
    throw new MayflyError(
      'profile-violation',
      `The intermediate is outside its profile: ${told.join('; ')}.`,
      {
        details: { findings: findings.map(({ rule, message }) => `${rule}: ${message}`) },
      },
    )
  }
  if (now < certificate.notBefore || now > certificate.notAfter) {
    const span = `${formatInstant(certificate.notBefore)} to ${formatInstant(certificate.notAfter)}`
    throw new MayflyError('certificate-expired', `The intermediate is valid from ${span}.`)
  }
}

function checkRequest({ names, publicKey }: CertificateRequest, root: Certificate): void {
  if (names.length > 0) {
    throw new MayflyError(
      'profile-violation',
      'The request asks for subject alternative names; an intermediate has none.',
    )
  }
  if (publicKey.hash === root.publicKey.hash) {
    throw new MayflyError(
      'key-reused',
      "The request is for the root's own key; an intermediate needs a key of its own.",
    )
  }
}

function validity(options: IntermediateOptions): { notBefore: Instant; notAfter: Instant } {
  const { root, now, lifetimeSeconds = intermediateLifetimeSeconds } = options
  if (
    !(lifetimeSeconds >= intermediateLifetimeSecondsMin && lifetimeSeconds <= intermediateLifetimeSeconds)
  ) {
    throw new MayflyError('profile-violation', 'An intermediate lives at least an hour and at most 90 days.')
  }
  const notBefore = addSeconds(now, -backdateSeconds)
  const notAfter = Math.min(addSeconds(notBefore, lifetimeSeconds), root.certificate.notAfter)
  if (notAfter <= now) throw rootNotValid(root.certificate)
  return { notBefore, notAfter }
}

function rootNotValid(root: Certificate): MayflyError {
  const span = `${formatInstant(root.notBefore)} to ${formatInstant(root.notAfter)}`
  return new MayflyError(
    'authority-expired',
    `The root is valid from ${span}; look at the clock, or make a new root.`,
  )
}
