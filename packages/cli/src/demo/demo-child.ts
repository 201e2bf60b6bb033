import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { MayflyError } from '@mayfly/ca-core'

/** How much of a child's standard error is kept for the message when it dies. */
const keptLinesMax = 20
/** How long a child may take to end after SIGTERM before it is killed. */
const stopLimitMs = 10_000

/** A process that the demo started and ends itself, by its own process id. */
export interface DemoChild {
  readonly name: string
  readonly pid: number
  /** Rejects when the child ends before `stop` was called; otherwise never settles. */
  readonly died: Promise<never>
  /** Its last lines on standard error. */
  lastLines(): readonly string[]
  signal(signal: NodeJS.Signals): void
  /** SIGTERM, then SIGKILL after a limit; resolves when the process is gone. */
  stop(): Promise<void>
}

export interface DemoChildOptions {
  readonly name: string
  readonly argv: readonly [string, ...string[]]
  /** Told of every line on standard output. */
  readonly onLine?: (line: string) => void
}

/** Starts a program; its standard error is kept in memory, its standard output goes line by line to `onLine`. */
export function startChild({ name, argv, onLine }: DemoChildOptions): DemoChild {
  const [program, ...words] = argv
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] })
  const kept: string[] = []
  const keep = (text: string): void => {
    kept.push(text)
    if (kept.length > keptLinesMax) kept.shift()
  }
  createInterface({ input: child.stderr }).on('line', keep)
  createInterface({ input: child.stdout }).on('line', onLine ?? keep)

  let stopping = false
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`${error.message}; is ${program} installed?`))
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  const died = ended.then((how) => {
    if (stopping) return new Promise<never>(() => {})
    throw new MayflyError('command-failed', `${name} ended by itself (${how}): ${kept.join('\n')}`)
  })
  // Whoever waits for `died` gets the rejection; nobody waiting is no reason to crash.
  died.catch(() => {})

  return {
    name,
    pid: child.pid ?? 0,
    died,
    lastLines: () => kept,
    signal: (signal) => void child.kill(signal),
    stop: async () => {
      stopping = true
      await end(child, ended)
    },
  }
}

async function end(child: ChildProcess, ended: Promise<string>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  const limit = setTimeout(() => child.kill('SIGKILL'), stopLimitMs)
  await ended
  clearTimeout(limit)
}
