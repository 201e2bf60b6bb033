import { spawn } from 'node:child_process'
import { compileCache, mayflyCommand } from './run-mayfly.ts'

export interface Daemon {
  readonly pid: number
  /** What it has logged so far. */
  readonly log: () => string
  /** Resolves when `text` has been logged; rejects if the daemon ends before. */
  logged(text: string): Promise<void>
  /** Ends it with SIGTERM; resolves to its exit code. */
  stop(): Promise<number | null>
}

/** Starts `mayfly …` that runs until it is stopped, at the latest at the end of the test. */
export function startDaemon(
  args: readonly string[],
  context: { after(work: () => Promise<unknown>): void },
  environment: Readonly<Record<string, string>> = {},
): Daemon {
  const [node, ...rest] = mayflyCommand
  const child = spawn(node, [...rest, ...args], {
    env: { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: compileCache, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  let wake = (): void => {}
  const note = (chunk: Uint8Array): void => {
    log += chunk
    wake()
  }
  child.stdout.on('data', note)
  child.stderr.on('data', note)
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  void ended.then(() => wake())
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM')
    return ended
  }
  context.after(stop)
  return {
    pid: child.pid ?? 0,
    log: () => log,
    stop,
    async logged(text) {
      while (!log.includes(text)) {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}:\n${log}`)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}
