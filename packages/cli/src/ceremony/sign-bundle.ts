import { join } from 'node:path'
import {
  encodeTrustBundlePem,
  type Instant,
  type KeyPair,
  signTrustBundle,
  type TrustBundle,
} from '@mayfly/ca-core'
import type { CeremonyFile } from './ceremony-files.ts'
import { nextRecord, noteCertificate } from './ceremony-record.ts'
import { noteBundle } from './next-bundle.ts'
import { bundleFileNames, type RootFolder, rootFileNames } from './root-folder.ts'

export interface BundleOrder {
  readonly root: RootFolder
  readonly keyPair: KeyPair
  readonly bundle: TrustBundle
  readonly now: Instant
}

/** Signs the next bundle and says which files hold it. Writes nothing. */
export async function signBundleAtRoot({ root, keyPair, bundle, now }: BundleOrder): Promise<CeremonyFile[]> {
  const text = await signTrustBundle(bundle, { certificate: root.certificate, keyPair, now })
  const content = {
    action: 'bundle-signed',
    root: noteCertificate(root.certificate),
    bundle: noteBundle(bundle, text),
  } as const
  const record = nextRecord(root.records, content, now)
  const { jws, pem } = bundleFileNames(bundle.sequence)
  return [
    { path: join(root.path, rootFileNames.records, record.name), content: record.text, secret: false },
    { path: join(root.path, jws), content: text, secret: false },
    { path: join(root.path, pem), content: encodeTrustBundlePem(bundle), secret: false },
  ]
}
