import { join } from 'node:path'
import {
  type Certificate,
  type FileSystem,
  isMayflyError,
  isSignedBy,
  MayflyError,
  parseCertificate,
  type TrustBundle,
  verifyTrustBundle,
} from '@mayfly/ca-core'
import type { RecordEntry } from './ceremony-record.ts'

/** Where things are in the folder of a root. */
export const rootFileNames = {
  key: 'root-key.pem',
  certificate: 'root.pem',
  records: 'records',
} as const

/** The signed bundle and its roots as PEM: `bundle.jws` for the first, `bundle-2.jws` and so on after it. */
export function bundleFileNames(sequence: number): { readonly jws: string; readonly pem: string } {
  const stem = sequence === 1 ? 'bundle' : `bundle-${sequence}`
  return { jws: `${stem}.jws`, pem: `${stem}.pem` }
}

/** A root as it lies in its folder, verified, its key still closed. */
export interface RootFolder {
  readonly path: string
  readonly certificate: Certificate
  /** The newest bundle. */
  readonly bundle: { readonly text: string; readonly content: TrustBundle }
  readonly records: readonly RecordEntry[]
}

/**
 * Opens the folder of a root and checks that it is one: a self-signed root, and bundles signed by it.
 *
 * @throws MayflyError `file-missing`, `certificate-invalid`, `bundle-invalid`, `bundle-untrusted`
 */
export async function openRootFolder(fileSystem: FileSystem, path: string): Promise<RootFolder> {
  const certificate = await readRootCertificate(fileSystem, path)
  return {
    path,
    certificate,
    bundle: await readNewestBundle(fileSystem, path, certificate),
    records: await readRecords(fileSystem, join(path, rootFileNames.records)),
  }
}

async function readRootCertificate(fileSystem: FileSystem, path: string): Promise<Certificate> {
  const file = join(path, rootFileNames.certificate)
  const certificate = parseCertificate(await readText(fileSystem, file, 'the folder of a root holds one'))
  if (!certificate.isCa || !isSignedBy(certificate, certificate)) {
    throw new MayflyError('certificate-invalid', `${file} is no root.`, { details: { path: file } })
  }
  return certificate
}

async function readNewestBundle(
  fileSystem: FileSystem,
  path: string,
  root: Certificate,
): Promise<RootFolder['bundle']> {
  const [newest] = (await fileSystem.list(path))
    .flatMap((name) => {
      const match = /^bundle(?:-([1-9]\d*))?\.jws$/.exec(name)
      return match === null ? [] : [{ name, sequence: Number(match[1] ?? 1) }]
    })
    .sort((a, b) => b.sequence - a.sequence)
  const file = join(path, newest?.name ?? bundleFileNames(1).jws)
  const text = await readText(fileSystem, file, 'the folder of a root holds one')
  const content = await verifyTrustBundle(text, { rootFingerprint: root.fingerprint })
  if (content.sequence !== (newest?.sequence ?? 1)) {
    throw new MayflyError('bundle-invalid', `${file} holds the bundle ${content.sequence}.`, {
      details: { path: file },
    })
  }
  return { text, content }
}

async function readRecords(fileSystem: FileSystem, path: string): Promise<RecordEntry[]> {
  const names = (await fileSystem.list(path)).filter((name) => /^\d{4}-.+\.json$/.test(name))
  return Promise.all(
    names.map(async (name) => ({
      name,
      text: await readText(fileSystem, join(path, name), 'it was there just now'),
    })),
  )
}

/** @throws MayflyError `file-missing` with `why` it was expected */
export async function readText(fileSystem: FileSystem, path: string, why: string): Promise<string> {
  try {
    return Buffer.from(await fileSystem.readFile(path)).toString('utf8')
  } catch (cause) {
    if (!isMayflyError(cause, 'file-missing')) throw cause
    throw new MayflyError('file-missing', `There is no file ${path}: ${why}.`, { details: { path }, cause })
  }
}
