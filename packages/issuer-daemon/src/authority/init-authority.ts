import {
  type CertificateRequest,
  decodeKeyReference,
  decryptPrivateKey,
  encodeKeyReference,
  encodePem,
  encryptPrivateKey,
  type FileSystem,
  generateKeyPair,
  type Hsm,
  type HsmKey,
  isKeyReference,
  type KeyPair,
  type KeyType,
  keySigner,
  MayflyError,
  parseCertificateRequestPem,
  type Random,
  readPublicKey,
  type Signer,
  signCertificateRequest,
} from '@mayfly/ca-core'
import { inFile, requireOwnFolder } from '@mayfly/platform'
import {
  type AuthorityFiles,
  type AuthoritySlot,
  authorityFiles,
  createText,
  readIfThere,
  readText,
  stateFolderAccess,
} from './authority-files.ts'

const defaultCommonName = 'Mayfly Intermediate'
/** Drawn, so that no two keys of a token have the same. */
const hsmKeyIdBytes = 16

export interface InitAuthorityOptions {
  readonly fileSystem: FileSystem
  readonly random: Random
  /** The issuer's state folder. */
  readonly state: string
  readonly keyType: KeyType
  /** Where the intermediate's key is made; in a file if absent. */
  readonly hsm?: Hsm
  /** A key that is in the HSM already, as a PKCS #11 URI; one is made if absent. */
  readonly keyUri?: string
  readonly passphrase: Uint8Array
  /** Of the request; the root box may choose another. */
  readonly commonName?: string
}

export interface InitialisedAuthority {
  /** What goes to the root box. */
  readonly requestPath: string
  readonly requestPem: string
  readonly keyType: KeyType
  /** SHA-256 of the public key: what the root box must show. */
  readonly keyHash: string
  /** Of a key in an HSM. */
  readonly keyUri?: string
}

/**
 * Makes the key of the next intermediate and the request for the root box; the first time also the key for
 * enrolment tokens. A run that was interrupted is taken up where it stopped; nothing is ever overwritten.
 *
 * @throws MayflyError `file-exists` where a request waits already, `passphrase-wrong` where the passphrase does
 * not open the keys that are there, `config-invalid` where `state` is a folder of others, `hsm-unavailable`, `hsm-pin-wrong`,
 * `key-type-unsupported` where the HSM makes no such keys, `not-found` where it has no key `keyUri`
 */
export async function initAuthority(options: InitAuthorityOptions): Promise<InitialisedAuthority> {
  const { fileSystem, state } = options
  const files = authorityFiles(state)
  await requireFreeSlot(fileSystem, files)
  await requireOwnFolder(fileSystem, { path: state, access: stateFolderAccess, mark: 'authority' })
  for (const folder of [files.state, files.folder, files.next.folder]) {
    await fileSystem.makeDirectory(folder, stateFolderAccess)
  }
  await ensureKey(files.tokenKey, files.state, 'ec-p256', options)
  const signer = await ensureSigner(files.next, options)
  const request = await signCertificateRequest(signer, {
    commonName: options.commonName ?? defaultCommonName,
  })
  const keyUri = await keyUriIn(fileSystem, files.next)
  const requestPem = encodePem('CERTIFICATE REQUEST', request)
  await createText(fileSystem, files.next.request, files.next.folder, requestPem)
  for (const folder of [files.folder, files.state]) await fileSystem.syncDirectory(folder)
  return {
    requestPath: files.next.request,
    requestPem,
    keyType: signer.keyType,
    keyHash: readPublicKey(signer.spki).hash,
    ...(keyUri !== undefined && { keyUri }),
  }
}

/** The request that waits for the root box, or `undefined`. */
export async function pendingRequest(
  fileSystem: FileSystem,
  state: string,
): Promise<CertificateRequest | undefined> {
  const pem = await readIfThere(fileSystem, authorityFiles(state).next.request)
  return pem === undefined ? undefined : parseCertificateRequestPem(pem)
}

async function requireFreeSlot(fileSystem: FileSystem, { next }: AuthorityFiles): Promise<void> {
  if ((await fileSystem.status(next.request)) === undefined) return
  throw new MayflyError(
    'file-exists',
    `A request waits already: ${next.request}. Have the root sign it and install what comes back, ` +
      `or remove ${next.folder} to begin anew.`,
    { details: { path: next.request } },
  )
}

/** The key of the slot, made if it isn't there yet: in the HSM, or in the file. */
async function ensureSigner(slot: AuthoritySlot, options: InitAuthorityOptions): Promise<Signer> {
  const { fileSystem, hsm, keyType } = options
  const text = await readIfThere(fileSystem, slot.key)
  const isInFile = text === undefined ? hsm === undefined : !isKeyReference(text)
  if (isInFile) return keySigner(await ensureKey(slot.key, slot.folder, keyType, options))
  if (hsm !== undefined) return ensureInHsm(text, slot, hsm, options)
  throw new MayflyError(
    'config-invalid',
    `${slot.key} names a key in an HSM, and issuer.yaml names none under \`hsm\`. Remove ${slot.folder} to begin anew.`,
  )
}

/**
 * What names the key is on disk before the key is made: a run that was interrupted leaves no key in the HSM that nobody
 * knows of.
 */
async function ensureInHsm(
  text: string | undefined,
  { key, folder }: AuthoritySlot,
  hsm: Hsm,
  { fileSystem, random, keyType, keyUri, commonName }: InitAuthorityOptions,
): Promise<Signer> {
  const named = text === undefined ? undefined : await hsm.findKey(decodeKeyReference(text))
  if (named !== undefined) return named.signer
  // A run that was interrupted has named it, and got no further.
  if (text !== undefined) await fileSystem.remove(key)
  const given = keyUri === undefined ? undefined : await givenKey(hsm, keyUri)
  const id = random.bytes(hsmKeyIdBytes)
  const uri = given?.uri ?? (await hsm.uriOf(id))
  await createText(fileSystem, key, folder, encodeKeyReference(uri))
  const made = given ?? (await hsm.makeKey({ keyType, id, label: commonName ?? defaultCommonName }))
  return made.signer
}

async function givenKey(hsm: Hsm, keyUri: string): Promise<HsmKey> {
  const given = await hsm.findKey(keyUri)
  if (given !== undefined) return given
  throw new MayflyError(
    'not-found',
    `The HSM has no private key ${keyUri}; \`pkcs11-tool --list-objects\` shows them.`,
  )
}

/** What names the key where it is in an HSM. */
async function keyUriIn(fileSystem: FileSystem, { key }: AuthoritySlot): Promise<string | undefined> {
  const text = await readText(fileSystem, key)
  return isKeyReference(text) ? decodeKeyReference(text) : undefined
}

/** The key at `path`, made if it isn't there yet. */
async function ensureKey(
  path: string,
  folder: string,
  keyType: KeyType,
  { fileSystem, passphrase, random }: InitAuthorityOptions,
): Promise<KeyPair> {
  if ((await fileSystem.status(path)) !== undefined) {
    const pem = await readText(fileSystem, path)
    return inFile(path, () => decryptPrivateKey(pem, passphrase))
  }
  const keyPair = await generateKeyPair(keyType)
  await createText(fileSystem, path, folder, await encryptPrivateKey(keyPair, passphrase, random))
  return keyPair
}
