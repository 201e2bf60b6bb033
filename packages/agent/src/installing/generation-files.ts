import type { FileAccess, FileSystem } from '@mayfly/ca-core'
import type { GenerationFile } from '../formats/generation-file.ts'
import type { GenerationPlace } from './paths.ts'

/** A generation as it should be on the disk. */
export interface GenerationContent extends GenerationPlace {
  readonly fileSystem: FileSystem
  readonly files: readonly GenerationFile[]
  /** Who may read the files that hold the private key. The others are readable by all. */
  readonly access: FileAccess
}

/** Passable, so that a server's own user reaches the files that are meant for it. */
export const folderAccess: FileAccess = { mode: 0o755 }

/** Certificates and roots are public: a server that drops its privileges must still find them. */
const publicBits = 0o444

export function accessOf(file: GenerationFile, access: FileAccess): FileAccess {
  return file.secret ? access : { ...access, mode: modeOf(file, access) }
}

export function modeOf(file: GenerationFile, { mode }: FileAccess): number {
  return file.secret ? mode : mode | publicBits
}
