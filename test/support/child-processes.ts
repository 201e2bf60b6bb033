import { readdirSync, readFileSync } from 'node:fs'

/** The processes that `parent`, from whichever thread, has started and that have `name` in their command line. */
export function childProcesses(name: string, parent: number = process.pid): number[] {
  return readdirSync(`/proc/${parent}/task`)
    .flatMap((thread) => readFileSync(`/proc/${parent}/task/${thread}/children`, 'utf8').trim().split(' '))
    .filter((pid) => pid !== '')
    .map(Number)
    .filter((pid) => isRunning(pid, name))
}

/** Whether a process has `name` in its command line; one that has ended has none, also where nobody has noticed yet. */
export function isRunning(pid: number, name: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(name)
  } catch {
    return false
  }
}
