import { type ChildProcess, spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '@mayfly/platform'
import { childProgram } from '../../../../test/support/child-program.ts'
import type { AgentStatus } from '../../src/status/agent-status.ts'

/** Generous: the machine is shared. */
const patienceMs = 60_000
const lookMs = 50

export interface AgentProcess {
  readonly child: ChildProcess
  /** What it has logged so far. */
  log(): string
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
  stop(): Promise<number | string>
}

/** Starts a real agent. `fatal` names a step at which it kills itself. */
export function startAgentProcess(configPath: string, fatal: readonly string[] = []): AgentProcess {
  return startAgentScript(join(import.meta.dirname, 'agent-child.ts'), [configPath, ...fatal])
}

/** Starts a program that is an agent. */
export function startAgentScript(script: string, given: readonly string[]): AgentProcess {
  const child = spawn(process.execPath, [...childProgram(script), ...given], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'))
  })
  const log = (): string => Buffer.concat(chunks).toString()
  return {
    child,
    log,
    ended,
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
}

/** Looks again and again until `look` gives something. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined>,
  log: () => string = () => '',
): Promise<T> {
  const until = systemClock.monotonic() + patienceMs
  for (;;) {
    const found = await look().catch(() => undefined)
    if (found !== undefined) return found
    if (systemClock.monotonic() > until)
      throw new Error(`not within ${patienceMs / 1000} s: ${what}\n${log()}`)
    await systemClock.sleep(lookMs)
  }
}

export async function readStatusFile(home: string): Promise<AgentStatus> {
  return JSON.parse(await readFile(join(home, 'state', 'status.json'), 'utf8')) as AgentStatus
}

/** The wish that `renew --now` leaves. */
export async function wishRenewal(home: string, name: string): Promise<void> {
  await writeFile(join(home, 'state', 'renewals', name), String(systemClock.monotonic()))
}
