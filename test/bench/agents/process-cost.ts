import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** Processor time of all threads of a process so far, in milliseconds. */
export async function cpuMsOf(pid: number): Promise<number> {
  const tasks = `/proc/${pid}/task`
  const times = (await readdir(tasks)).map(async (task) =>
    Number((await readFile(`${tasks}/${task}/schedstat`, 'utf8')).split(' ')[0]),
  )
  return (await Promise.all(times)).reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e6
}

/** Memory that a process has resident, in MiB. What it shares with others counts fully. */
export async function rssMiBOf(pid: number): Promise<number> {
  return (await kibOf(`/proc/${pid}/status`, 'VmRSS')) / 1_024
}

/** The most that it ever had resident. */
export async function peakRssMiBOf(pid: number): Promise<number> {
  return (await kibOf(`/proc/${pid}/status`, 'VmHWM')) / 1_024
}

/** Its proportional share: what several processes map together is divided among them. */
export async function pssMiBOf(pid: number): Promise<number> {
  return (await kibOf(`/proc/${pid}/smaps_rollup`, 'Pss')) / 1_024
}

/** Waits until the processes together have used little for a few seconds: what a start sets off is over. */
export async function untilQuiet(pids: readonly number[]): Promise<void> {
  const windowMs = 3_000
  const quietCpuMs = 10 * pids.length
  for (let before = await sumOf(pids, cpuMsOf); ; ) {
    await sleep(windowMs)
    const now = await sumOf(pids, cpuMsOf)
    if (now - before < quietCpuMs) return
    before = now
  }
}

export async function sumOf(
  pids: readonly number[],
  costOf: (pid: number) => Promise<number>,
): Promise<number> {
  const costs = await Promise.all(pids.map(costOf))
  return costs.reduce((sum, cost) => sum + cost, 0)
}

async function kibOf(path: string, field: string): Promise<number> {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(await readFile(path, 'utf8'))
  if (found === null) throw new Error(`${path} has no ${field}`)
  return Number(found[1])
}
