import { mkdtempSync, readdirSync, readlinkSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Before the number of the process. */
export const prefix: string = `mayfly-story-${processSpace()}-`
/** The issuer's store of a story with 500 hosts over a year has less than this. */
const bytesMin = 1_073_741_824

/**
 * A folder for the issuer's store while `play` runs: in memory where there is room, as what is tried is the story's
 * crashes and not this machine's disk. It bears the number of its process, so that what a killed run has left is
 * removed by the next one, and what a run beside this one works in is not.
 */
export async function inStoryFolder<T>(play: (folder: string) => Promise<T>): Promise<T> {
  const parent = hasRoom('/dev/shm') ? '/dev/shm' : tmpdir()
  removeLeftBehind(parent)
  const folder = mkdtempSync(join(parent, `${prefix}${process.pid}-`))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  // Whoever asked for the story may be gone before its end.
  process.once('exit', remove)
  try {
    return await play(folder)
  } finally {
    process.off('exit', remove)
    remove()
  }
}

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize >= bytesMin
  } catch {
    return false
  }
}

/** Removes the folders of processes that are no more. */
export function removeLeftBehind(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN
    if (Number.isSafeInteger(pid) && !isAlive(pid))
      rmSync(join(parent, name), { recursive: true, force: true })
  }
}

/** In whose count a process has its number: containers that share the folder may each have their own. */
function processSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')
  } catch {
    return '0'
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Another user's process is there all the same.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
