import {
  type Authority,
  decryptPrivateKey,
  encodeCertificateChain,
  type FileSystem,
  type Hsm,
  type Instant,
  isKeyReference,
  type KeyPair,
  MayflyError,
  parseCertificateChain,
  prepareIssuing,
  readTrustBundle,
} from '@mayfly/ca-core'
import { inFile } from '@mayfly/platform'
import type { IssuingAuthority } from '../issuing/intermediates/issuing-authority.ts'
import type { ServedBundle } from '../issuing/issuer-ports.ts'
import { activateNext } from './activate-next.ts'
import { type AuthorityFiles, authorityFiles, readIfThere, readText } from './authority-files.ts'
import { type KeyAccess, type OpenKey, openAuthorityKey } from './authority-key.ts'
import { remedyForCurrent } from './distrust-remedy.ts'
import { verifyAuthority } from './verify-authority.ts'

export interface LoadAuthorityOptions {
  readonly fileSystem: FileSystem
  readonly state: string
  readonly passphrase: Uint8Array
  /** Where keys of intermediates may be, if there is one. */
  readonly hsm?: Hsm
  readonly now: Instant
}

/** All that an issuer needs of its state folder, but for the store. */
export interface LoadedAuthority {
  readonly issuing: IssuingAuthority
  readonly served: ServedBundle
  readonly tokenKey: KeyPair
}

/**
 * Reads and checks the current intermediate with its key, the trust bundle and the token key. Finishes an
 * installation that was interrupted.
 *
 * @throws MayflyError `authority-missing`, `passphrase-wrong`, `hsm-unavailable`, `hsm-pin-wrong`, `key-mismatch`,
 * `chain-untrusted`, `certificate-expired`, `profile-violation`, `bundle-invalid`
 */
export async function loadAuthority(options: LoadAuthorityOptions): Promise<LoadedAuthority> {
  const { fileSystem, state, passphrase } = options
  const files = authorityFiles(state)
  await activateNext(fileSystem, files)
  const served = await loadBundle(fileSystem, files)
  const issuing = await loadIssuing(options, files, served)
  const tokenPem = await readText(fileSystem, files.tokenKey)
  const tokenKey = await inFile(files.tokenKey, () => decryptPrivateKey(tokenPem, passphrase))
  return { issuing, served, tokenKey }
}

/** The bundle was verified when it was installed; the folder is the issuer's own. */
async function loadBundle(fileSystem: FileSystem, { bundle }: AuthorityFiles): Promise<ServedBundle> {
  const text = await readIfThere(fileSystem, bundle)
  if (text === undefined) throw missing(`There is no trust bundle at ${bundle}`)
  return { text, bundle: (await readTrustBundle(text)).bundle }
}

async function loadIssuing(
  { fileSystem, now, ...access }: LoadAuthorityOptions,
  files: AuthorityFiles,
  { bundle }: ServedBundle,
): Promise<IssuingAuthority> {
  const { current } = files
  const pem = await readIfThere(fileSystem, current.certificate)
  if (pem === undefined) throw missing(`There is no intermediate at ${current.certificate}`)
  const chain = parseCertificateChain(pem)
  const [certificate] = chain
  if (certificate === undefined) throw missing(`There is no certificate in ${current.certificate}`)
  const keyText = await readText(fileSystem, current.key)
  const { publicKey, signer } = await openKeyAt(current.key, keyText, access)
  const root = verifyAuthority(certificate, {
    bundle,
    publicKey,
    now,
    distrustRemedy: await remedyForCurrent(fileSystem, files, files.bundle),
  })
  return prepareAuthority({ certificate, chain, signer }, root.fingerprint)
}

/** Of the two keys that a passphrase opens, an error says which. What an HSM says is about no file. */
function openKeyAt(path: string, text: string, access: KeyAccess): Promise<OpenKey> {
  const open = (): Promise<OpenKey> => openAuthorityKey(text, access)
  return isKeyReference(text) ? open() : inFile(path, open)
}

/** Prepares every profile under an authority that was verified. */
export async function prepareAuthority(
  authority: Authority,
  rootFingerprint: string,
): Promise<IssuingAuthority> {
  const [server, client, peer] = await Promise.all([
    prepareIssuing({ authority, profile: 'server' }),
    prepareIssuing({ authority, profile: 'client' }),
    prepareIssuing({ authority, profile: 'peer' }),
  ])
  return {
    authority,
    rootFingerprint,
    chain: {
      fingerprint: authority.certificate.fingerprint,
      pem: encodeCertificateChain([...authority.chain]),
    },
    profiles: { server, client, peer },
  }
}

function missing(what: string): MayflyError {
  return new MayflyError(
    'authority-missing',
    `${what}; make a request with \`mayfly issuer init\`, have the root sign it, and install what comes back.`,
  )
}
