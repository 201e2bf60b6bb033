import { join } from 'node:path'
import {
  type Certificate,
  createRoot,
  encodeTrustBundlePem,
  encryptPrivateKey,
  generateKeyPair,
  type Instant,
  type KeyType,
  type NameConstraints,
  type Random,
  signTrustBundle,
  type TrustBundle,
} from '@mayfly/ca-core'
import type { CeremonyFile } from './ceremony-files.ts'
import { nextRecord, noteCertificate } from './ceremony-record.ts'
import { noteBundle } from './next-bundle.ts'
import { bundleFileNames, rootFileNames } from './root-folder.ts'

export interface RootOrder {
  /** The folder to be made. */
  readonly path: string
  readonly keyType: KeyType
  readonly commonName: string
  readonly trustDomain: string
  readonly nameConstraints?: NameConstraints | undefined
  readonly passphrase: Uint8Array
  readonly now: Instant
  readonly random: Random
}

export interface CreatedRoot {
  readonly certificate: Certificate
  readonly bundle: TrustBundle
  readonly files: readonly CeremonyFile[]
}

/** The paths that `makeRoot` will want, apart from the record. */
export function rootPaths(path: string): string[] {
  const { jws, pem } = bundleFileNames(1)
  return [rootFileNames.key, rootFileNames.certificate, rootFileNames.records, jws, pem].map((name) =>
    join(path, name),
  )
}

/** Makes a root and its first trust bundle, and says which files hold them. Writes nothing. */
export async function makeRoot(order: RootOrder): Promise<CreatedRoot> {
  const { path, commonName, trustDomain, nameConstraints, now, random } = order
  const keyPair = await generateKeyPair(order.keyType)
  const constraints = nameConstraints === undefined ? {} : { nameConstraints }
  const certificate = await createRoot({ keyPair, commonName, now, random, ...constraints })
  const bundle: TrustBundle = { sequence: 1, trustDomain, roots: [certificate], distrusted: [] }
  const bundleText = await signTrustBundle(bundle, { certificate, keyPair, now })
  const content = {
    action: 'root-created',
    root: noteCertificate(certificate),
    bundle: noteBundle(bundle, bundleText),
  } as const
  const record = nextRecord([], content, now)
  const { jws, pem } = bundleFileNames(1)
  const files: CeremonyFile[] = [
    {
      path: join(path, rootFileNames.key),
      content: await encryptPrivateKey(keyPair, order.passphrase, random),
      secret: true,
    },
    { path: join(path, rootFileNames.certificate), content: certificate.pem, secret: false },
    { path: join(path, jws), content: bundleText, secret: false },
    { path: join(path, pem), content: encodeTrustBundlePem(bundle), secret: false },
    { path: join(path, rootFileNames.records, record.name), content: record.text, secret: false },
  ]
  return { certificate, bundle, files }
}
