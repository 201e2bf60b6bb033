import { type FileSystem, formatInstant, type Instant, isMayflyError } from '@mayfly/ca-core'
import { readStatusPlace } from '../configuration/status-place.ts'
import type { RotationEvent } from '../rotation/rotation-event.ts'
import { stateFileAccess, statePaths } from '../state/state-folder.ts'

/** About five years of one certificate; the older half goes when it is full. */
const historyBytesMax = 1_048_576

export type HistoryLine = RotationEvent & { readonly at: string; readonly certificate: string }

export interface History {
  /** Adds a line, after those before it. Never throws: what happened matters more than what is written of it. */
  add(at: Instant, certificate: string, event: RotationEvent): void
  /** Resolves when all that was added is on disk, or could not be. */
  flush(): Promise<void>
}

/** The record of rotations, one JSON object a line. */
export function openHistory(
  fileSystem: FileSystem,
  path: string,
  onError: (error: unknown) => void,
): History {
  let writing: Promise<void> = Promise.resolve()

  const append = async (line: HistoryLine): Promise<void> => {
    await fileSystem.appendFile(path, new TextEncoder().encode(`${JSON.stringify(line)}\n`), stateFileAccess)
    const size = (await fileSystem.status(path))?.sizeBytes ?? 0
    if (size > historyBytesMax)
      await fileSystem.replaceFile(path, await newerHalf(fileSystem, path), stateFileAccess)
  }

  return {
    add(at, certificate, event) {
      const line: HistoryLine = { at: formatInstant(at), certificate, ...event }
      writing = writing.then(() => append(line)).catch(onError)
    },
    flush: () => writing,
  }
}

export interface HistoryFilter {
  /** Only the newest so many. */
  readonly count: number
  readonly certificate?: string | undefined
  /** Only what has happened since. */
  readonly since?: Instant | undefined
}

/** The newest lines, first to last. */
export async function readHistory(
  fileSystem: FileSystem,
  path: string,
  { count, certificate, since }: HistoryFilter,
): Promise<HistoryLine[]> {
  const lines = (await readText(fileSystem, path)).split('\n').flatMap(parseLine)
  return lines
    .filter((line) => certificate === undefined || line.certificate === certificate)
    .filter((line) => since === undefined || Date.parse(line.at) >= since)
    .slice(-count)
}

/** The history of the agent that `configPath` is for. Throws `config-invalid`, `permission-denied`. */
export async function agentHistory(
  configPath: string,
  fileSystem: FileSystem,
  filter: HistoryFilter,
): Promise<HistoryLine[]> {
  const { state } = await readStatusPlace(fileSystem, configPath)
  return readHistory(fileSystem, statePaths.history(state), filter)
}

async function newerHalf(fileSystem: FileSystem, path: string): Promise<Uint8Array> {
  const content = await fileSystem.readFile(path)
  const middle = content.indexOf(0x0a, content.length / 2)
  return content.subarray(middle + 1)
}

async function readText(fileSystem: FileSystem, path: string): Promise<string> {
  try {
    return new TextDecoder().decode(await fileSystem.readFile(path))
  } catch (error) {
    if (isMayflyError(error, 'file-missing')) return ''
    throw error
  }
}

/** A line that a full disk cut off is left out. */
function parseLine(line: string): HistoryLine[] {
  try {
    return line === '' ? [] : [JSON.parse(line) as HistoryLine]
  } catch {
    return []
  }
}
