import { createPrivateKey, type KeyObject } from 'node:crypto'
import { dirname } from 'node:path'
import { type FileSystem, generateKeyPair } from '@mayfly/ca-core'
import { authorityFiles } from '@mayfly/issuer-daemon'

/**
 * The key as OpenSSL encrypts it unless told otherwise (PBKDF2): Mayfly reads that, and never writes it. What Mayfly
 * writes takes a quarter of a second of processor time to open, for whoever guesses; tests of other things open
 * hundreds.
 */
export function encryptQuickly(key: KeyObject, passphrase: string): string {
  return key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }).toString()
}

/** Encrypts an encrypted key anew, so that it opens at once. */
export function quicken(pem: string, passphrase: string): string {
  return encryptQuickly(createPrivateKey({ key: pem, passphrase }), passphrase)
}

/**
 * Lays keys that open at once into an issuer's state folder, where there are none yet. `initAuthority` then takes them up,
 * as it does those of a run that was interrupted. That it makes its own, as hard to open as they should be, is for its tests.
 * Where the intermediate's key is to be in an HSM, it lays the token key alone.
 */
export async function layQuickKeys(
  fileSystem: FileSystem,
  state: string,
  passphrase: string,
  inHsm: boolean = false,
): Promise<void> {
  const files = authorityFiles(state)
  for (const folder of [files.state, files.folder, files.next.folder])
    await fileSystem.makeDirectory(folder, { mode: 0o700 })
  for (const path of [files.tokenKey, ...(inHsm ? [] : [files.next.key])]) {
    if ((await fileSystem.status(path)) !== undefined) continue
    const { privateKey } = await generateKeyPair('ec-p256')
    const pem = encryptQuickly(privateKey, passphrase)
    await fileSystem.createFile(path, Buffer.from(pem), { mode: 0o600 })
    await fileSystem.syncDirectory(dirname(path))
  }
}
