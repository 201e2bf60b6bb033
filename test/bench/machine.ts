import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'

/** What the figures were measured on, and how busy it was before. */
export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryGiB: number
  readonly loadBefore: number
  readonly node: string
  readonly openssl: string
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    loadBefore: loadavg()[0] ?? 0,
    node: process.version,
    openssl: process.versions.openssl,
  }
}
