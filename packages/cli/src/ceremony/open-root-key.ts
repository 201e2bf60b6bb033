import { join } from 'node:path'
import { decryptPrivateKey, type KeyPair, MayflyError } from '@mayfly/ca-core'
import { inFile } from '@mayfly/platform'
import type { Session } from '../commands/session.ts'
import { type PassphraseOptions, readPassphrase } from './passphrase.ts'
import { type RootFolder, readText, rootFileNames } from './root-folder.ts'

/**
 * Asks for the passphrase and opens the key of a root.
 *
 * @throws MayflyError `passphrase-wrong`, `key-mismatch`, `file-missing`
 */
export async function openRootKey(
  root: RootFolder,
  options: PassphraseOptions,
  session: Session,
): Promise<KeyPair> {
  const path = join(root.path, rootFileNames.key)
  const pem = await readText(session.fileSystem, path, 'the folder of a root holds its key')
  const passphrase = await readPassphrase(`Passphrase of ${path}`, options, session)
  const keyPair = await inFile(path, () => decryptPrivateKey(pem, passphrase))
  passphrase.fill(0)
  if (keyPair.publicKey.hash !== root.certificate.publicKey.hash) {
    throw new MayflyError('key-mismatch', `${path} is not the key of ${rootFileNames.certificate} beside it.`)
  }
  return keyPair
}
