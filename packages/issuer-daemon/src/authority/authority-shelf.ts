import { join } from 'node:path'
import {
  type Certificate,
  type FileSystem,
  type Hsm,
  type Instant,
  MayflyError,
  parseCertificate,
  readTrustBundle,
} from '@mayfly/ca-core'
import {
  type AuthorityFiles,
  authorityFiles,
  readIfThere,
  readText,
  stateFileAccess,
} from './authority-files.ts'
import { destroyInHsm, openAuthorityKey } from './authority-key.ts'
import { remedyForNext } from './distrust-remedy.ts'
import { nonePrepared } from './none-prepared.ts'
import { verifyAuthority } from './verify-authority.ts'

/** One intermediate of this host. A `next` without a certificate is not on the shelf yet. */
export interface ShelvedAuthority {
  readonly slot: 'next' | 'current' | 'retired'
  readonly certificate: Certificate
  /** Whether its key is still there. */
  readonly hasKey: boolean
  /** Its key is being destroyed, or was, and nobody was told yet. */
  readonly isBeingDestroyed: boolean
}

/** The slots of the authority on disk. */
export interface AuthorityShelf {
  slots(): Promise<readonly ShelvedAuthority[]>
  /**
   * The intermediate that is prepared, after its key was opened and its chain was checked.
   *
   * @throws MayflyError `not-found` where none is prepared, `passphrase-wrong`, `hsm-unavailable`, `key-mismatch`,
   * `chain-untrusted`, `certificate-expired`, `profile-violation`
   */
  checkPrepared(): Promise<Certificate>
  /** Decides that the prepared intermediate is the next current one; the next `loadAuthority` moves it there. */
  choosePrepared(): Promise<void>
  /**
   * Destroys the key of a retired intermediate, if it is there; its certificate stays, and so does a mark. Rejects with
   * `hsm-unavailable` where the key is in an HSM that is away, `config-invalid` where no HSM is configured.
   */
  destroyKey(fingerprint: string): Promise<void>
  /** Takes the mark away. */
  forgetDestroyed(fingerprint: string): Promise<void>
}

export interface AuthorityShelfOptions {
  readonly fileSystem: FileSystem
  /** The issuer's state folder. */
  readonly state: string
  readonly now: () => Instant
  readonly passphrase: () => Promise<Uint8Array>
  readonly hsm?: Hsm
}

/** Stands beside a key from before it is destroyed until that was told. */
const markName = 'being-destroyed'

/** The slots in the issuer's state folder. They are read anew at each question: commands move them too. */
export function openAuthorityShelf(options: AuthorityShelfOptions): AuthorityShelf {
  const { fileSystem, state } = options
  const files = authorityFiles(state)
  return {
    slots: () => readSlots(fileSystem, files),
    checkPrepared: () => checkPrepared(options, files),
    async choosePrepared() {
      // A retry after a crash finds it chosen.
      if ((await fileSystem.status(files.next.prepared)) === undefined) return
      await fileSystem.rename(files.next.prepared, files.next.certificate)
      await fileSystem.syncDirectory(files.next.folder)
    },
    async destroyKey(fingerprint) {
      const folder = join(files.retired, fingerprint)
      await fileSystem.replaceFile(join(folder, markName), new Uint8Array(), stateFileAccess)
      const key = join(folder, 'key.pem')
      const text = await readIfThere(fileSystem, key)
      // What names it goes last: a retry has to find it.
      if (text !== undefined) await destroyInHsm(text, key, options.hsm)
      await fileSystem.remove(key)
      await fileSystem.syncDirectory(folder)
    },
    async forgetDestroyed(fingerprint) {
      const folder = join(files.retired, fingerprint)
      await fileSystem.remove(join(folder, markName))
      await fileSystem.syncDirectory(folder)
    },
  }
}

async function checkPrepared(
  { fileSystem, now, passphrase, hsm }: AuthorityShelfOptions,
  files: AuthorityFiles,
): Promise<Certificate> {
  const { next, bundle } = files
  const pem =
    (await readIfThere(fileSystem, next.prepared)) ?? (await readIfThere(fileSystem, next.certificate))
  if (pem === undefined) {
    throw new MayflyError('not-found', nonePrepared)
  }
  const certificate = parseCertificate(pem)
  const held = (await readTrustBundle(await readText(fileSystem, bundle))).bundle
  const access = { passphrase: await passphrase(), ...(hsm && { hsm }) }
  const { publicKey } = await openAuthorityKey(await readText(fileSystem, next.key), access)
  verifyAuthority(certificate, {
    bundle: held,
    publicKey,
    now: now(),
    distrustRemedy: remedyForNext(files),
  })
  return certificate
}

async function readSlots(
  fileSystem: FileSystem,
  { next, current, retired }: AuthorityFiles,
): Promise<ShelvedAuthority[]> {
  const look = async (
    slot: ShelvedAuthority['slot'],
    certificatePath: string,
    keyPath: string,
    markPath?: string,
  ): Promise<ShelvedAuthority[]> => {
    const pem = await readIfThere(fileSystem, certificatePath)
    if (pem === undefined) return []
    const hasKey = (await fileSystem.status(keyPath)) !== undefined
    const isBeingDestroyed = markPath !== undefined && (await fileSystem.status(markPath)) !== undefined
    return [{ slot, certificate: parseCertificate(pem), hasKey, isBeingDestroyed }]
  }
  const graves = (await fileSystem.status(retired)) === undefined ? [] : await fileSystem.list(retired)
  const slots = await Promise.all([
    look('current', current.certificate, current.key),
    look('next', next.prepared, next.key),
    ...graves.map((name) => {
      const fileOf = (file: string): string => join(retired, name, file)
      return look('retired', fileOf('intermediate.pem'), fileOf('key.pem'), fileOf(markName))
    }),
  ])
  return slots.flat()
}
