import type { Clock, FileSystem, ProcessRunner, Random } from '@mayfly/ca-core'
import type { Terminal } from '../terminal/terminal.ts'

/** What a command works with. */
export interface Session {
  readonly fileSystem: FileSystem
  readonly clock: Clock
  readonly random: Random
  readonly processRunner: ProcessRunner
  readonly terminal: Terminal
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Set by `--json`: standard output is for a program. */
  readonly json: boolean
}

/** The session of this process, on this machine. */
export async function openSession(options: { readonly json?: boolean }): Promise<Session> {
  const { nodeFileSystem, nodeProcessRunner, systemClock, systemRandom } = await import('@mayfly/platform')
  const { openTerminal } = await import('../terminal/terminal.ts')
  return {
    fileSystem: nodeFileSystem,
    clock: systemClock,
    random: systemRandom,
    processRunner: nodeProcessRunner,
    terminal: openTerminal(),
    environment: process.env,
    json: options.json === true,
  }
}
