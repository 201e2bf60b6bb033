import {
  type Certificate,
  type FileSystem,
  type Instant,
  isMayflyError,
  MayflyError,
  parseCertificate,
  parseCertificateRequestPem,
  readTrustBundle,
  sameTrustBundle,
  type TrustBundle,
  verifyTrustBundle,
} from '@mayfly/ca-core'
import { activateNext } from './activate-next.ts'
import {
  type AuthorityFiles,
  type AuthoritySlot,
  authorityFiles,
  createText,
  readIfThere,
  stateFileAccess,
  stateFolderAccess,
} from './authority-files.ts'
import { remedyForCurrent, remedyForNext } from './distrust-remedy.ts'
import { verifyAuthority } from './verify-authority.ts'

export interface InstallAuthorityOptions {
  readonly fileSystem: FileSystem
  readonly state: string
  readonly now: Instant
  /** What the root box wrote. */
  readonly intermediatePem: string
  readonly bundleText: string
  /** SHA-256 of the root, hex; needed the first time, and where the bundle is signed by a root not held yet. */
  readonly rootFingerprint?: string
  /** Keeps the intermediate ready in `next`, and leaves the current one in its place. */
  readonly prepareOnly?: boolean
  /** The one of the configuration; the bundle must be for it. */
  readonly trustDomain?: string
}

export interface InstalledAuthority {
  readonly certificate: Certificate
  readonly root: Certificate
  readonly bundle: TrustBundle
  /** SHA-256 of the intermediate that was replaced. */
  readonly retired?: string
  /** Whether it waits in `next`. */
  readonly isPrepared: boolean
  /** What was not there before. */
  readonly news: { readonly intermediate: boolean; readonly bundle: boolean }
}

/**
 * Takes what came back from the root box: checks all of it, then keeps the bundle, then puts the intermediate
 * to use. Installing the same again does no harm; a run that was interrupted is finished by the next.
 *
 * @throws MayflyError `file-missing` without a request that waits, `key-mismatch`, `chain-untrusted`,
 * `profile-violation`, `certificate-expired`, `certificate-invalid`, `bundle-invalid`, `bundle-untrusted`, `bundle-older`
 */
export async function installAuthority(options: InstallAuthorityOptions): Promise<InstalledAuthority> {
  const { fileSystem, state, now, bundleText } = options
  const files = authorityFiles(state)
  const certificate = parseCertificate(options.intermediatePem)
  const { bundle, isNewer } = await verifyBundle(options, files)
  const current = await currentCertificate(fileSystem, files)
  const isInstalled = current?.fingerprint === certificate.fingerprint
  const publicKey = isInstalled ? current.publicKey : await requestedKey(fileSystem, files)
  const distrustRemedy = isInstalled
    ? await remedyForCurrent(fileSystem, files, 'FILE')
    : remedyForNext(files)
  const root = verifyAuthority(certificate, { bundle, publicKey, now, distrustRemedy })

  await fileSystem.makeDirectory(files.state, stateFolderAccess)
  if (isNewer)
    await fileSystem.replaceFile(files.bundle, new TextEncoder().encode(bundleText), stateFileAccess)
  const news = { intermediate: !isInstalled, bundle: isNewer }
  if (isInstalled) return { certificate, root, bundle, isPrepared: false, news }
  if (options.prepareOnly === true) {
    await keepCertificate(fileSystem, files.next, files.next.prepared, certificate)
    return { certificate, root, bundle, isPrepared: true, news }
  }
  // Before it is chosen, so that none is left over that would seem to wait.
  if ((await fileSystem.status(files.next.prepared)) !== undefined)
    await fileSystem.remove(files.next.prepared)
  await keepCertificate(fileSystem, files.next, files.next.certificate, certificate)
  await activateNext(fileSystem, files)
  const retired = current && { retired: current.fingerprint }
  return { certificate, root, bundle, isPrepared: false, news, ...retired }
}

/** The bundle, if it may take the place of the one that is held, or is that one. */
async function verifyBundle(
  { fileSystem, bundleText, rootFingerprint, trustDomain }: InstallAuthorityOptions,
  files: AuthorityFiles,
): Promise<{ readonly bundle: TrustBundle; readonly isNewer: boolean }> {
  const heldText = await readIfThere(fileSystem, files.bundle)
  const held = heldText === undefined ? undefined : (await readTrustBundle(heldText)).bundle
  const bundle = await verifySigned(bundleText, held, rootFingerprint).catch((error: unknown) => {
    throw isMayflyError(error, 'bundle-older') ? adviseHeld(error, files) : error
  })
  if (trustDomain !== undefined && bundle.trustDomain !== trustDomain) {
    throw new MayflyError(
      'bundle-invalid',
      `The trust bundle is for the trust domain ${bundle.trustDomain}, the issuer is configured for ${trustDomain}.`,
    )
  }
  if (held !== undefined && bundle.sequence < held.sequence) {
    const message = `The trust bundle has sequence ${bundle.sequence}; the issuer holds ${held.sequence} already.`
    throw adviseHeld(new MayflyError('bundle-older', message), files)
  }
  if (held !== undefined && bundle.sequence === held.sequence && !sameTrustBundle(bundle, held)) {
    throw new MayflyError('bundle-invalid', `There are two trust bundles with sequence ${bundle.sequence}.`)
  }
  return { bundle, isNewer: held === undefined || bundle.sequence > held.sequence }
}

/** A root that is to follow another hands out its own first bundle with what it signs. */
function adviseHeld(error: MayflyError, files: AuthorityFiles): MayflyError {
  return new MayflyError(
    error.code,
    `${error.message} To install an intermediate and keep the bundle that is held, add --bundle ${files.bundle}.`,
    { details: error.details, cause: error },
  )
}

function verifySigned(
  text: string,
  held: TrustBundle | undefined,
  rootFingerprint: string | undefined,
): Promise<TrustBundle> {
  if (rootFingerprint !== undefined) return verifyTrustBundle(text, { rootFingerprint })
  if (held !== undefined) return verifyTrustBundle(text, { held })
  throw new MayflyError(
    'bundle-untrusted',
    'The issuer holds no trust bundle yet; give the fingerprint that the root box showed, with --root-fingerprint.',
  )
}

async function currentCertificate(
  fileSystem: FileSystem,
  { current }: AuthorityFiles,
): Promise<Certificate | undefined> {
  const pem = await readIfThere(fileSystem, current.certificate)
  return pem === undefined ? undefined : parseCertificate(pem)
}

/** The key that waits in `next`. The request beside it is signed by it, so no passphrase is needed here. */
async function requestedKey(fileSystem: FileSystem, { next }: AuthorityFiles) {
  const pem = await readIfThere(fileSystem, next.request)
  if (pem !== undefined) return parseCertificateRequestPem(pem).publicKey
  throw new MayflyError(
    'file-missing',
    `No request waits at ${next.request}; make one with \`mayfly issuer init\`.`,
    {
      details: { path: next.request },
    },
  )
}

async function keepCertificate(
  fileSystem: FileSystem,
  { folder }: AuthoritySlot,
  path: string,
  { pem }: Certificate,
): Promise<void> {
  const kept = await readIfThere(fileSystem, path)
  if (kept === undefined) return createText(fileSystem, path, folder, pem)
  // An interrupted run: only the move is missing, unless the root has signed the request a second time.
  if (kept !== pem) await fileSystem.replaceFile(path, new TextEncoder().encode(pem), stateFileAccess)
}
