import {
  decodeKeyReference,
  decryptPrivateKey,
  type Hsm,
  isKeyReference,
  keySigner,
  MayflyError,
  type PublicKey,
  readPublicKey,
  type Signer,
} from '@mayfly/ca-core'

/** What opens the key of an intermediate, wherever it is. */
export interface KeyAccess {
  readonly passphrase: Uint8Array
  /** Absent where the configuration names none. */
  readonly hsm?: Hsm
}

export interface OpenKey {
  readonly publicKey: PublicKey
  readonly signer: Signer
}

/**
 * Opens the key that stands in a slot: encrypted PKCS#8, or the name of a key in the HSM. Slots need not be alike, so that a
 * hierarchy moves into an HSM, or to another, with its next intermediate.
 *
 * @throws MayflyError `passphrase-wrong`, `key-invalid`, `hsm-unavailable` (lost keys among them), `hsm-pin-wrong`,
 * `config-invalid` where it is in an HSM and none is configured
 */
export async function openAuthorityKey(text: string, { passphrase, hsm }: KeyAccess): Promise<OpenKey> {
  if (!isKeyReference(text)) {
    const keyPair = await decryptPrivateKey(text, passphrase)
    return { publicKey: keyPair.publicKey, signer: keySigner(keyPair) }
  }
  const uri = decodeKeyReference(text)
  const found = await requireHsm(hsm, uri).findKey(uri)
  if (found === undefined) throw keyLost(uri)
  return { publicKey: readPublicKey(found.signer.spki), signer: found.signer }
}

/**
 * Destroys the key where it is in the HSM. What stands in the slot, at `path`, is left to the caller.
 *
 * @throws MayflyError `config-invalid` where it is in an HSM and none is configured, `hsm-unavailable`
 */
export async function destroyInHsm(text: string, path: string, hsm: Hsm | undefined): Promise<void> {
  if (!isKeyReference(text)) return
  const uri = decodeKeyReference(text)
  if (hsm === undefined) throw outOfReach(uri, path)
  await hsm.destroyKey(uri)
}

function requireHsm(hsm: Hsm | undefined, uri: string): Hsm {
  if (hsm !== undefined) return hsm
  throw new MayflyError(
    'config-invalid',
    `The intermediate's key is in an HSM (${uri}), and issuer.yaml names none under \`hsm\`. Name it there.`,
  )
}

function outOfReach(uri: string, path: string): MayflyError {
  return new MayflyError(
    'config-invalid',
    `The key of an intermediate that was replaced cannot be destroyed: ${path} says that it is in an HSM (${uri}), and ` +
      'issuer.yaml names none under `hsm`. Put `hsm` back until a sweep has destroyed the key; or, if that HSM is gone or no ' +
      `longer yours, see to it that the key is destroyed there, and remove ${path}.`,
    { details: { path, uri } },
  )
}

function keyLost(uri: string): MayflyError {
  return new MayflyError(
    'hsm-unavailable',
    `The HSM has no key ${uri}. Bring it back from the backup of the HSM, or name the right token under \`hsm\` in issuer.yaml. ` +
      'If it is lost, take another intermediate: `mayfly issuer init`, `mayfly root sign`, `mayfly issuer install DIR`.',
  )
}
