import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { type FileWatch, watchFiles } from '../files/watch-files.ts'

export interface ConfigurationChanges {
  /** The file was changed, replaced, removed, or has come back. Resolves when it has been read; never rejects. */
  onChange(): Promise<void>
  /** Watching has failed: a change is seen a minute later only. */
  onError(error: unknown): void
}

export interface ConfigurationWatch extends FileWatch {
  /** Tells if the file is another one than the one last told of, whether or not anybody saw it change. Never rejects. */
  look(): Promise<void>
}

/** Editors and installers write a file in several steps; half a second sees them through. */
const quietMs = 500

/** What no event tells: a watch that has failed, a file behind a link into another folder. One `stat` is all it costs. */
const lookEveryMs = 60_000

/**
 * Whether the file says something else by now than what was read from it: what is saved between the first reading and
 * the beginning of the watch is told by nobody. A mistake is something else too.
 */
export async function hasChangedSince<T>(first: T, read: () => Promise<T>): Promise<boolean> {
  try {
    return !isDeepStrictEqual(await read(), first)
  } catch {
    return true
  }
}

/**
 * Watches one configuration file, which need not exist. Events only say when to look: two saves that come together may
 * be one event, and the second may come while the first is read. So what the file is decides, and after each telling it
 * is looked at once more.
 */
export async function watchConfiguration(
  path: string,
  changes: ConfigurationChanges,
): Promise<ConfigurationWatch> {
  const file = resolve(path)
  const closing = new AbortController()
  let told = await markOf(file)
  let looking: Promise<void> | undefined
  let isAskedAgain = false

  const tellChanges = async (): Promise<void> => {
    try {
      do {
        isAskedAgain = false
        const mark = await quietMark(file, closing.signal)
        if (mark === told) continue
        // Noted before it is read: what is saved meanwhile is another mark.
        told = mark
        isAskedAgain = true
        await changes.onChange()
      } while (isAskedAgain && !closing.signal.aborted)
    } catch (error) {
      if (!closing.signal.aborted) changes.onError(error)
    } finally {
      looking = undefined
    }
  }

  const look = (): Promise<void> => {
    isAskedAgain = true
    looking ??= tellChanges()
    return looking
  }

  // Editors replace the file, and installers a link on the way to it: the folder is watched.
  const watch = await watchFiles([dirname(file)], () => void look(), {
    onError: changes.onError,
    depth: 0,
    // A neighbour that is written all the time, a log, must not keep a change from being told.
    debounceMs: 0,
  })
  const timer = setInterval(() => void look(), lookEveryMs).unref()
  return {
    look,
    async close() {
      closing.abort()
      clearInterval(timer)
      await watch.close()
    },
  }
}

/** The mark of the file once it has stood still. Rejects when `signal` is aborted. */
async function quietMark(file: string, signal: AbortSignal): Promise<string> {
  let mark = await markOf(file)
  for (;;) {
    await pause(quietMs, undefined, { signal })
    const later = await markOf(file)
    if (later === mark) return mark
    mark = later
  }
}

/** Differs for another file, another content and another access. Links are followed, as by who reads the file. */
async function markOf(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  }
}
