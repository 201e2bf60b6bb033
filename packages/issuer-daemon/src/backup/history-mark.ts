import { join } from 'node:path'
import { type FileSystem, type Instant, MayflyError } from '@mayfly/ca-core'
import * as z from 'zod'
import { readIfThere, stateFileAccess } from '../authority/authority-files.ts'

/** An end that the history in the store had at that time. */
export interface MarkedEnd {
  readonly number: number
  /** Of the record with that number, lower hex. */
  readonly hash: string
  readonly at: Instant
}

/** The newest end of the history that this host has seen in its store, kept outside of the store. */
export interface HistoryMark {
  /** `undefined` before the first was written. */
  read(): Promise<MarkedEnd | undefined>
  write(end: MarkedEnd): Promise<void>
}

const markedEnd: z.ZodType<MarkedEnd> = z.strictObject({
  number: z.int().positive(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  at: z.number(),
})

/** In a file of the issuer's state folder. `read` throws `state-invalid` where that says something else. */
export function fileHistoryMark(place: {
  readonly fileSystem: FileSystem
  readonly state: string
}): HistoryMark {
  const { fileSystem, state } = place
  const path = join(state, 'history-mark.json')
  return {
    async read() {
      const text = await readIfThere(fileSystem, path)
      if (text === undefined) return undefined
      const read = markedEnd.safeParse(jsonOf(text))
      if (read.success) return read.data
      throw new MayflyError(
        'state-invalid',
        `${path} cannot be read. It tells an older store from the newest; if the store is the newest one, remove the file.`,
        { details: { path } },
      )
    },
    write: (end) =>
      fileSystem.replaceFile(path, new TextEncoder().encode(`${JSON.stringify(end)}\n`), stateFileAccess),
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
