import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import type { DebianPackage } from '../support/missing-programs.ts'

/** What a caller trusts and shows: all of its live folder, no certificate, or the system's roots in place of the bundle. */
export type CallerMode = 'pinned' | 'no-certificate' | 'system-roots'

/**
 * A program in another language that runs on while certificates change. It is given a live folder and a
 * mode; it calls each URL that it reads on its input, and writes one line for each: the answer's body, or
 * `refused: ` with the reason.
 */
export interface CallerProgram {
  readonly name: string
  readonly packages: readonly DebianPackage[]
  /** Makes it ready to run, with a folder for what it builds. Gives back what to start. */
  prepare(folder: string): Promise<readonly [string, ...string[]]>
}

/** One program as it runs. */
export interface RunningCaller {
  /** One call. Throws with the program's complaints if it ended. */
  call(url: string): Promise<string>
  /** Ends its input and waits until it has gone. */
  stop(): Promise<void>
}

const programs = join(import.meta.dirname, 'programs')
const run = promisify(execFile)

export const callerPrograms: readonly CallerProgram[] = [
  interpreted('Python requests', '/usr/bin/python3', 'requests-caller.py', ['python3-requests']),
  interpreted('Python httpx', '/usr/bin/python3', 'httpx-caller.py', ['python3-httpx']),
  interpreted('curl', '/bin/sh', 'curl-caller.sh', ['curl']),
  {
    name: 'Go',
    packages: ['golang-go'],
    async prepare(folder) {
      const program = join(folder, 'go-caller')
      // The compiler's own cache stays with the test, too.
      const env = { PATH: process.env.PATH, GOCACHE: join(folder, 'go-cache'), CGO_ENABLED: '0' }
      await run('go', ['build', '-o', program, join(programs, 'go-caller.go')], { env })
      return [program]
    },
  },
  {
    name: 'Java',
    packages: ['default-jdk-headless'],
    async prepare() {
      return ['/usr/bin/java', '-XX:TieredStopAtLevel=1', join(programs, 'java-caller.java')]
    },
  },
]

export function startCaller(
  [program, ...options]: readonly [string, ...string[]],
  liveFolder: string,
  mode: CallerMode,
): RunningCaller {
  const child: ChildProcess = spawn(program, [...options, liveFolder, mode], {
    env: { PATH: process.env.PATH, LANG: 'C.UTF-8' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let complaint = ''
  child.stderr?.on('data', (text) => {
    complaint += text
  })
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  return {
    async call(url) {
      child.stdin?.write(`${url}\n`)
      const { value, done } = await lines.next()
      if (done === true) throw new Error(`${program} ended: ${complaint}`)
      return value
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.stdin?.end()
      await once(child, 'exit')
    },
  }
}

function interpreted(
  name: string,
  interpreter: string,
  file: string,
  packages: readonly DebianPackage[],
): CallerProgram {
  return { name, packages, prepare: async () => [interpreter, join(programs, file)] }
}
