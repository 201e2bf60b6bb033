import {
  type CertificateRequest,
  createCertificateRequest,
  decryptPrivateKey,
  encodePem,
  encryptPrivateKey,
  type FileSystem,
  generateKeyPair,
  type KeyPair,
  type KeyType,
  MayflyError,
  parseCertificateRequestPem,
  type Random,
} from '@mayfly/ca-core'
import { requireOwnFolder } from '@mayfly/platform'
import {
  type AuthorityFiles,
  authorityFiles,
  createText,
  readIfThere,
  readText,
  stateFolderAccess,
} from './authority-files.ts'

export interface InitAuthorityOptions {
  readonly fileSystem: FileSystem
  readonly random: Random
  /** The issuer's state folder. */
  readonly state: string
  readonly keyType: KeyType
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
}

/**
 * Makes the key of the next intermediate and the request for the root box; the first time also the key for
 * enrolment tokens. A run that was interrupted is taken up where it stopped; nothing is ever overwritten.
 *
 * @throws MayflyError `file-exists` where a request waits already, `passphrase-wrong` where the passphrase does
 * not open the keys that are there, `config-invalid` where `state` is a folder of others
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
  const keyPair = await ensureKey(files.next.key, files.next.folder, options.keyType, options)
  const request = await createCertificateRequest({
    keyPair,
    commonName: options.commonName ?? 'Mayfly Intermediate',
  })
  const requestPem = encodePem('CERTIFICATE REQUEST', request)
  await createText(fileSystem, files.next.request, files.next.folder, requestPem)
  for (const folder of [files.folder, files.state]) await fileSystem.syncDirectory(folder)
  return {
    requestPath: files.next.request,
    requestPem,
    keyType: keyPair.type,
    keyHash: keyPair.publicKey.hash,
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

/** The key at `path`, made if it isn't there yet. */
async function ensureKey(
  path: string,
  folder: string,
  keyType: KeyType,
  { fileSystem, passphrase, random }: InitAuthorityOptions,
): Promise<KeyPair> {
  if ((await fileSystem.status(path)) !== undefined) {
    return decryptPrivateKey(await readText(fileSystem, path), passphrase)
  }
  const keyPair = await generateKeyPair(keyType)
  await createText(fileSystem, path, folder, await encryptPrivateKey(keyPair, passphrase, random))
  return keyPair
}
