import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A real server that runs as a child of the test. */
export interface StartedServer {
  readonly pid: number
  /** What it wrote to its outputs so far. */
  log(): string
  /** Ends it and waits until it has gone. */
  stop(): Promise<void>
}

export interface ServerStart {
  readonly argv: readonly [string, ...string[]]
  /** Whether it answers; asked again and again. */
  readonly ready: () => Promise<boolean>
  /** Ends the server in order. Default: SIGTERM. */
  readonly stopSignal?: NodeJS.Signals
  readonly env?: Readonly<Record<string, string>>
  readonly uid?: number
  readonly gid?: number
}

const startLimitMs = 60_000
const stopLimitMs = 30_000
const pauseMs = 25

/** Starts a server and waits until it answers. Rejects with its output if it ends before. */
export async function startServer(start: ServerStart): Promise<StartedServer> {
  const [program, ...options] = start.argv
  const child = spawn(program, options, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, LANG: 'C.UTF-8', ...start.env },
    ...(start.uid !== undefined && { uid: start.uid, gid: start.gid ?? start.uid }),
  })
  let output = ''
  child.stdout.on('data', (text) => {
    output += text
  })
  child.stderr.on('data', (text) => {
    output += text
  })
  const stop = (): Promise<void> => end(child, start.stopSignal ?? 'SIGTERM')
  try {
    await started(child, start.ready, () => output)
  } catch (error) {
    await stop()
    throw error
  }
  return { pid: child.pid ?? 0, log: () => output, stop }
}

/** Whether something listens on the port of 127.0.0.1, or on the Unix socket of that path. */
export function listens(at: number | string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = typeof at === 'number' ? connect(at, '127.0.0.1') : connect(at)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** Asks until the answer is yes. */
export async function until(
  condition: () => Promise<boolean> | boolean,
  what: string,
  limitMs = startLimitMs,
): Promise<void> {
  for (const begun = performance.now(); !(await condition()); await sleep(pauseMs)) {
    if (performance.now() - begun > limitMs)
      throw new Error(`${what} did not come about within ${limitMs / 1_000} s`)
  }
}

async function started(
  child: ChildProcess,
  ready: () => Promise<boolean>,
  output: () => string,
): Promise<void> {
  let ended: string | undefined
  child.once('error', (error) => {
    ended = error.message
  })
  child.once('exit', (code, signal) => {
    ended ??= `exited with ${code ?? signal}`
  })
  await until(async () => {
    if (ended !== undefined) throw new Error(`${child.spawnfile} ${ended}:\n${output()}`)
    return ready()
  }, `an answer of ${child.spawnfile}`)
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const gone = once(child, 'exit')
  child.kill(signal)
  const limit = setTimeout(() => child.kill('SIGKILL'), stopLimitMs)
  await gone
  clearTimeout(limit)
}
