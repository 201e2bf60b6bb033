import { join } from 'node:path'
import {
  type Certificate,
  type CertificateRequest,
  encodeTrustBundlePem,
  type Instant,
  type KeyPair,
  keySigner,
  type NameConstraints,
  type Random,
  sha256Hex,
  signIntermediate,
  verifyIntermediateProfile,
} from '@mayfly/ca-core'
import type { CeremonyFile } from './ceremony-files.ts'
import { nextRecord, noteCertificate } from './ceremony-record.ts'
import { noteBundle } from './next-bundle.ts'
import { type RootFolder, rootFileNames } from './root-folder.ts'

/** What goes back to the issuer host. */
export const answerFileNames = {
  intermediate: 'intermediate.pem',
  bundle: 'bundle.jws',
  bundlePem: 'bundle.pem',
} as const

export interface SigningOrder {
  readonly root: RootFolder
  readonly keyPair: KeyPair
  readonly request: CertificateRequest
  /** The folder for the answer. */
  readonly out: string
  readonly commonName?: string | undefined
  readonly lifetimeSeconds?: number | undefined
  readonly nameConstraints?: NameConstraints | undefined
  readonly now: Instant
  readonly random: Random
}

export interface SignedIntermediate {
  readonly certificate: Certificate
  readonly files: readonly CeremonyFile[]
}

/** The paths that the answer will want, apart from the record. */
export function answerPaths(out: string): string[] {
  return Object.values(answerFileNames).map((name) => join(out, name))
}

/**
 * Signs the intermediate and says which files go where. Writes nothing.
 *
 * @throws MayflyError `profile-violation`, `lint-failed`, `authority-expired`, `key-reused`, `name-invalid`
 */
export async function signRequestAtRoot(order: SigningOrder): Promise<SignedIntermediate> {
  const { root, keyPair, request, out, commonName, lifetimeSeconds, nameConstraints, now, random } = order
  const certificate = await signIntermediate({
    root: { certificate: root.certificate, signer: keySigner(keyPair) },
    request,
    now,
    random,
    ...(commonName === undefined ? {} : { commonName }),
    ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }),
    ...(nameConstraints === undefined ? {} : { nameConstraints }),
  })
  // The issuer host asks the same before it installs; better to learn it while the root is at hand.
  verifyIntermediateProfile(certificate, { root: root.certificate, publicKey: request.publicKey, now })
  // The record is written first: no intermediate leaves the root box without one.
  return { certificate, files: [recordFile(order, certificate), ...answerFiles(root, certificate, out)] }
}

function answerFiles({ bundle }: RootFolder, certificate: Certificate, out: string): CeremonyFile[] {
  return [
    { path: join(out, answerFileNames.intermediate), content: certificate.pem, secret: false },
    { path: join(out, answerFileNames.bundle), content: bundle.text, secret: false },
    {
      path: join(out, answerFileNames.bundlePem),
      content: encodeTrustBundlePem(bundle.content),
      secret: false,
    },
  ]
}

function recordFile({ root, request, now }: SigningOrder, certificate: Certificate): CeremonyFile {
  const record = nextRecord(
    root.records,
    {
      action: 'intermediate-signed',
      root: noteCertificate(root.certificate),
      request: {
        sha256: sha256Hex(request.der),
        keySha256: request.publicKey.hash,
        subject: request.commonName === undefined ? '' : `CN=${request.commonName}`,
      },
      intermediate: noteCertificate(certificate),
      bundle: noteBundle(root.bundle.content, root.bundle.text),
    },
    now,
  )
  return { path: join(root.path, rootFileNames.records, record.name), content: record.text, secret: false }
}
