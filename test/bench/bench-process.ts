import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endLeftovers } from '../../scripts/bootstrap/leftover-processes.mjs'
import type { Figure } from './figure.ts'

export interface BenchStart {
  /** The module with the list of benches, as a URL. */
  readonly list: string
  readonly name: string
  readonly quick: boolean
  readonly onFigure: (figure: Figure) => void
  /** Ends the bench. */
  readonly signal: AbortSignal
}

export type BenchOutcome =
  | { readonly outcome: 'measured' }
  | { readonly outcome: 'failed'; readonly because: string }

/** None takes half as long; one that hangs must not keep the figures of the others from being measured. */
const benchLimitMs = 45 * 60_000

/**
 * Runs one bench in a process of its own, so that neither its memory nor its end are the others'. Afterwards
 * nothing of it is left: no process that it started, no temporary file.
 */
export async function runBenchProcess(start: BenchStart): Promise<BenchOutcome> {
  // A short name: paths of Unix sockets end at 107 characters.
  const scratch = await mkdtemp(join(tmpdir(), 'mayfly-'))
  try {
    const child = await startChild(start, scratch)
    child.on('message', (message) => start.onFigure(message as Figure))
    const limit = setTimeout(() => child.kill('SIGKILL'), benchLimitMs)
    const end = (): boolean => child.kill('SIGKILL')
    start.signal.addEventListener('abort', end)
    // Not `exit`: figures may still be on their way then.
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    clearTimeout(limit)
    start.signal.removeEventListener('abort', end)
    if (code === 0) return { outcome: 'measured' }
    return { outcome: 'failed', because: signal === null ? 'it threw, see above' : `ended by ${signal}` }
  } finally {
    const left = endLeftovers(scratch)
    if (left.length > 0) console.error(`${start.name} left processes, now ended:\n${left.join('\n')}`)
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function startChild({ list, name, quick }: BenchStart, scratch: string): Promise<ChildProcess> {
  const temporary = join(scratch, 't')
  await mkdir(temporary)
  // Servers that do not run as root use it too, as they use /tmp.
  await chmod(scratch, 0o711)
  await chmod(temporary, 0o1777)
  return fork(join(import.meta.dirname, 'bench-child.ts'), [list, name, ...(quick ? ['quick'] : [])], {
    env: { ...process.env, TMPDIR: temporary },
    execArgv: ['-C', 'source'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}
