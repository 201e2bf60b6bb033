import { join } from 'node:path'
import { removeLeftovers } from '@mayfly/platform'
import {
  type CertificateFiles,
  currentGeneration,
  generationsAmong,
  listGenerations,
  newestBefore,
} from './installed-generation.ts'
import { archivePath, generationPath } from './paths.ts'
import { unfinishedSuffix } from './write-generation.ts'

/**
 * Removes generations from the archive but the newest `keep`, and what crashes left unfinished.
 * The one in use and the one before it always stay: a reader may hold the folder open, and going back
 * must be possible. Gives back the numbers that are left.
 */
export async function removeOldGenerations(
  files: CertificateFiles & { readonly keep: number },
): Promise<number[]> {
  const { fileSystem, live, name, keep } = files
  const archive = archivePath(live, name)
  const entries = await fileSystem.list(archive)
  for (const entry of entries)
    if (entry.endsWith(unfinishedSuffix)) await fileSystem.remove(join(archive, entry))
  const numbers = generationsAmong(entries)
  const kept = new Set(newest(numbers, keep))
  const current = await currentGeneration(files)
  if (current !== undefined) kept.add(current).add(newestBefore(current, numbers) ?? current)
  const old = numbers.filter((number) => !kept.has(number))
  for (const number of old) await fileSystem.remove(generationPath(live, name, number))
  if (old.length > 0) await fileSystem.syncDirectory(archive)
  return numbers.filter((number) => kept.has(number))
}

/** Removes what a killed writer left among the files of each generation: it may hold a key. */
export async function removeInstalledLeftovers(files: CertificateFiles): Promise<void> {
  const { fileSystem, live, name } = files
  for (const number of await listGenerations(files))
    await removeLeftovers(fileSystem, generationPath(live, name, number))
}

function newest(numbers: readonly number[], keep: number): readonly number[] {
  return keep > 0 ? numbers.slice(-keep) : []
}
