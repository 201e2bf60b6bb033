import { type ChildProcess, spawn } from 'node:child_process'
import { MayflyError, type ProcessRunner, type RunOptions, type RunResult } from '@mayfly/ca-core'
import { OutputTail } from './output-tail.ts'

/** How long a program that was told to end (SIGTERM) may take before it is killed. */
const killGraceMs = 2_000
/**
 * How long to wait for the rest of the output once the program has ended. A program that leaves a
 * server behind (`nginx`) leaves it with our pipes too: they would never close.
 */
const drainGraceMs = 250
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The machine's programs. */
export const nodeProcessRunner: ProcessRunner = {
  run(argv: readonly [string, ...string[]], options: RunOptions): Promise<RunResult> {
    return new Promise((resolve, reject) => {
      const child = start(argv, options)
      follow(child, argv[0], options, resolve, reject)
    })
  },

  signal(pid: number, signal: NodeJS.Signals): void {
    // kill(2): 0 and negative numbers mean whole groups, and 1 is the machine's own.
    if (!Number.isSafeInteger(pid) || pid <= 1) {
      throw new MayflyError('command-failed', `${pid} is not the id of a process that may be signalled`, {
        details: { pid, signal },
      })
    }
    try {
      process.kill(pid, signal)
    } catch (cause) {
      throw new MayflyError(
        'command-failed',
        `process ${pid} cannot be sent ${signal}: ${messageOf(cause)}`,
        {
          details: { pid, signal },
          cause,
        },
      )
    }
  },
}

function start(argv: readonly [string, ...string[]], options: RunOptions): ChildProcess {
  const [program, ...programArguments] = argv
  try {
    return spawn(program, programArguments, {
      env: { PATH: process.env.PATH ?? defaultPath, LANG: 'C.UTF-8', ...options.env },
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      // A group of its own: what the program started itself ends with it at the time limit.
      detached: true,
    })
  } catch (cause) {
    throw cannotStart(program, cause)
  }
}

function follow(
  child: ChildProcess,
  program: string,
  options: RunOptions,
  resolve: (result: RunResult) => void,
  reject: (error: unknown) => void,
): void {
  const stdout = new OutputTail(child.stdout, options.outputBytesMax)
  const stderr = new OutputTail(child.stderr, options.outputBytesMax)
  let timedOut = false
  const timers = [
    setTimeout(() => {
      timedOut = true
      killGroup(child, 'SIGTERM')
      timers.push(setTimeout(() => killGroup(child, 'SIGKILL'), killGraceMs))
    }, options.timeoutMs),
  ]
  const finish = (exitCode: number | null): void => {
    for (const timer of timers) clearTimeout(timer)
    if (timedOut) killGroup(child, 'SIGKILL')
    child.stdout?.destroy()
    child.stderr?.destroy()
    resolve({ exitCode: exitCode ?? undefined, timedOut, stdout: stdout.text(), stderr: stderr.text() })
  }
  child.once('error', (cause) => {
    for (const timer of timers) clearTimeout(timer)
    reject(cannotStart(program, cause))
  })
  child.once('exit', (code) => timers.push(setTimeout(() => finish(code), drainGraceMs)))
  child.once('close', finish)
  // A program that ends without reading its input closes the pipe: its exit code tells.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(options.input)
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // Every process of the group has ended already.
  }
}

function cannotStart(program: string, cause: unknown): MayflyError {
  return new MayflyError('command-failed', `${program} cannot be started: ${messageOf(cause)}`, {
    details: { program },
    cause,
  })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
