import type { FileSystem } from '@mayfly/ca-core'
import {
  archivePath,
  type CertificatePlace,
  generationPath,
  linkTarget,
  livePath,
  parseGenerationNumber,
} from './paths.ts'

/** What the live name of a certificate leads to. */
export type InstalledGeneration =
  | { readonly kind: 'none' }
  | { readonly kind: 'generation'; readonly number: number }
  /** The link is ours, the folder behind it is gone. */
  | { readonly kind: 'dangling'; readonly number: number }
  | { readonly kind: 'foreign'; readonly path: string; readonly reason: string }

export interface CertificateFiles extends CertificatePlace {
  readonly fileSystem: FileSystem
}

export async function installedGeneration(files: CertificateFiles): Promise<InstalledGeneration> {
  const { fileSystem, live, name } = files
  const path = livePath(live, name)
  const present = await fileSystem.status(path)
  if (present === undefined) return { kind: 'none' }
  if (present.type !== 'symlink')
    return { kind: 'foreign', path, reason: `it is a ${present.type}, not a link` }
  const target = (await fileSystem.readLink(path)) ?? ''
  const number = parseGenerationNumber(target.slice(target.lastIndexOf('/') + 1))
  if (number === undefined || linkTarget(live, name, number) !== target) {
    return { kind: 'foreign', path, reason: `it leads to ${target}, which is no generation of ${name}` }
  }
  const folder = await fileSystem.status(generationPath(live, name, number))
  return { kind: folder?.type === 'directory' ? 'generation' : 'dangling', number }
}

/** The generation in use; `undefined` if there is none that is whole. */
export async function currentGeneration(files: CertificateFiles): Promise<number | undefined> {
  const installed = await installedGeneration(files)
  return installed.kind === 'generation' ? installed.number : undefined
}

/** The newest generation before the one in use: what going back leads to. */
export async function previousGeneration(files: CertificateFiles): Promise<number | undefined> {
  const current = await currentGeneration(files)
  if (current === undefined) return undefined
  return newestBefore(current, await listGenerations(files))
}

/** The newest of `numbers`, oldest first, that is older than `current`. */
export function newestBefore(current: number, numbers: readonly number[]): number | undefined {
  return numbers.findLast((number) => number < current)
}

/** Every whole generation in the archive, oldest first. */
export async function listGenerations(files: CertificateFiles): Promise<number[]> {
  return generationsAmong(await files.fileSystem.list(archivePath(files.live, files.name)))
}

/** The numbers of the generations among what is in the archive, oldest first. */
export function generationsAmong(entries: readonly string[]): number[] {
  const numbers = entries.map(parseGenerationNumber).filter((number) => number !== undefined)
  return numbers.sort((a, b) => a - b)
}
