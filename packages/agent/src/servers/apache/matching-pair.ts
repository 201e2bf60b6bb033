import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { isAbsolute } from 'node:path'
import { type FileSystem, MayflyError } from '@mayfly/ca-core'
import type { CertificatePair } from './dumped-pairs.ts'

/**
 * Throws `check-failed` if the key of a pair does not belong to its certificate, or if either cannot
 * be read. What only Apache can open (an encrypted key, a token) is left to Apache.
 */
export async function requireMatchingPair(fileSystem: FileSystem, pair: CertificatePair): Promise<void> {
  // `pkcs11:` and other names of keys that are not files.
  if (!isAbsolute(pair.certificate) || !isAbsolute(pair.key)) return
  const certificate = parse(
    pair.certificate,
    await read(fileSystem, pair.certificate),
    (pem) => new X509Certificate(pem),
  )
  const keyPem = await read(fileSystem, pair.key)
  if (keyPem.includes('ENCRYPTED')) return
  const key: KeyObject = parse(pair.key, keyPem, createPrivateKey)
  if (certificate.checkPrivateKey(key)) return
  throw refused(
    pair.key,
    `it is not the key of ${pair.certificate}. Apache would accept this and then end at its reload, so it was not reloaded`,
  )
}

async function read(fileSystem: FileSystem, path: string): Promise<string> {
  try {
    return new TextDecoder().decode(await fileSystem.readFile(path))
  } catch (cause) {
    throw refused(path, 'it cannot be read', cause)
  }
}

function parse<T>(path: string, pem: string, parser: (pem: string) => T): T {
  try {
    return parser(pem)
  } catch (cause) {
    throw refused(path, 'it is no PEM that OpenSSL reads', cause)
  }
}

function refused(path: string, reason: string, cause?: unknown): MayflyError {
  return new MayflyError('check-failed', `${path}: ${reason}.`, { details: { path }, cause })
}
