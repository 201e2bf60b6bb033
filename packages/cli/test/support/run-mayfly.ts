import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { assertJsonShape } from './json-shape.ts'

const mainPath = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const pseudoTerminalPath = fileURLToPath(new URL('pseudo-terminal.py', import.meta.url))

const ownCache = new URL('../../../../node_modules/.cache/mayfly-cli-tests', import.meta.url)

/** Compiled once for all the starts of a test run. */
export const compileCache: string = process.env.NODE_COMPILE_CACHE ?? fileURLToPath(ownCache)

/** The real command, from its source. */
export const sourceCommand: readonly [string, ...string[]] = [process.execPath, '-C', 'source', mainPath]

const built = process.env.MAYFLY_BUILT

/** The real command: as `npm test` has built it for all tests, or else from its source. */
export const mayflyCommand: readonly [string, ...string[]] =
  built === undefined ? sourceCommand : [process.execPath, join(built, 'main.js')]

export interface Finished {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunSettings {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Given to the command on descriptor 3. */
  readonly descriptor3?: string
  readonly input?: string
}

/**
 * Runs `mayfly` without a terminal, with nothing in its environment but what is given. What it prints with `--json` is
 * held against the schema that `docs/json-output.md` is made from.
 */
export async function mayfly(args: readonly string[], settings: RunSettings = {}): Promise<Finished> {
  const finished = await run([...mayflyCommand, ...args], settings)
  if (args.includes('--json')) assertJsonShape(args, finished.stdout)
  return finished
}

/** What is typed, or which signal comes, once something was shown. */
export type Exchange = { readonly expect: string } & (
  | { readonly send: string }
  | { readonly signal: NodeJS.Signals }
)

/**
 * Runs `mayfly` on a pseudo-terminal and answers its questions; everything it shows is in `stdout`. Whatever came, the
 * terminal must be as before at the end: otherwise `stderr` says so, and `exitCode` is 1.
 */
export function mayflyOnTerminal(
  args: readonly string[],
  exchanges: readonly Exchange[],
  settings: RunSettings = {},
): Promise<Finished> {
  const script = JSON.stringify({ argv: [...mayflyCommand, ...args], exchanges })
  return run(['python3', pseudoTerminalPath, script], settings)
}

export function run([program, ...args]: readonly string[], settings: RunSettings = {}): Promise<Finished> {
  const { cwd, env, descriptor3, input } = settings
  return new Promise((resolve, reject) => {
    const child = spawn(program ?? '', args, {
      cwd,
      env: { PATH: process.env.PATH ?? '', TERM: 'dumb', NODE_COMPILE_CACHE: compileCache, ...env },
      stdio: ['pipe', 'pipe', 'pipe', ...(descriptor3 === undefined ? [] : ['pipe' as const])],
    })
    const output = { stdout: '', stderr: '' }
    child.stdout?.on('data', (chunk) => {
      output.stdout += chunk
    })
    child.stderr?.on('data', (chunk) => {
      output.stderr += chunk
    })
    child.on('error', reject)
    child.on('close', (exitCode) => resolve({ exitCode, ...output }))
    send(child.stdin, input ?? '')
    const third = child.stdio[3]
    if (third != null && 'end' in third) send(third, descriptor3 ?? '')
  })
}

/** A program may end before it has read its input: its exit code tells what came of that. */
function send(pipe: Writable | null, text: string): void {
  pipe?.on('error', () => undefined).end(text)
}

/** A folder of its own for one test, removed after it. */
export async function temporaryFolder(context: { after(work: () => Promise<void>): void }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-cli-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}
