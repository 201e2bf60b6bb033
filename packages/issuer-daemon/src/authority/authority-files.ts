import { join } from 'node:path'
import type { FileAccess, FileSystem } from '@mayfly/ca-core'

/** Nobody but the issuer reads its state; the keys in it are encrypted besides. */
export const stateFileAccess: FileAccess = { mode: 0o600 }
export const stateFolderAccess: FileAccess = { mode: 0o700 }

/**
 * Where the authority lives in the issuer's state folder. A key moves from `next`, where it waits for its
 * certificate, to `current`, where it signs, to `retired`, and is never overwritten on its way.
 */
export interface AuthorityFiles {
  readonly state: string
  readonly folder: string
  readonly next: AuthoritySlot
  readonly current: AuthoritySlot
  readonly retired: string
  /** The newest trust bundle, a JWS as the root box wrote it. */
  readonly bundle: string
  /** Signs enrolment tokens; encrypted with the same passphrase. */
  readonly tokenKey: string
}

export interface AuthoritySlot {
  readonly folder: string
  readonly key: string
  /** PKCS#10 in PEM, for the root box. */
  readonly request: string
  /** PEM: the intermediate first. In `next` it is there only for the moment of its activation. */
  readonly certificate: string
  /** The same, of an intermediate that waits in `next` until it is needed. */
  readonly prepared: string
}

/** The paths under a state folder. */
export function authorityFiles(state: string): AuthorityFiles {
  const folder = join(state, 'authority')
  return {
    state,
    folder,
    next: slot(join(folder, 'next')),
    current: slot(join(folder, 'current')),
    retired: join(folder, 'retired'),
    bundle: join(state, 'bundle.jws'),
    tokenKey: join(state, 'token-key.pem'),
  }
}

function slot(folder: string): AuthoritySlot {
  return {
    folder,
    key: join(folder, 'key.pem'),
    request: join(folder, 'request.pem'),
    certificate: join(folder, 'intermediate.pem'),
    prepared: join(folder, 'prepared.pem'),
  }
}

/** The file's text, or `undefined` where there is no such file. */
export async function readIfThere(fileSystem: FileSystem, path: string): Promise<string | undefined> {
  if ((await fileSystem.status(path)) === undefined) return undefined
  return readText(fileSystem, path)
}

export async function readText(fileSystem: FileSystem, path: string): Promise<string> {
  return new TextDecoder().decode(await fileSystem.readFile(path))
}

/** Creates a file that must not exist; what it says is durable when this resolves, its name included. */
export async function createText(
  fileSystem: FileSystem,
  path: string,
  folder: string,
  text: string,
): Promise<void> {
  await fileSystem.createFile(path, new TextEncoder().encode(text), stateFileAccess)
  await fileSystem.syncDirectory(folder)
}
