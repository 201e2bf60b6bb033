import type { Clock, FileSystem, ProcessRunner, Random, Trace } from '@mayfly/ca-core'
import type { FileLock } from '@mayfly/platform'
import type { Transport } from './transport/transport.ts'

/** Everything outside that the agent's parts touch. `local-ports.ts` has the real ones. */
export interface AgentPorts {
  readonly clock: Clock
  readonly random: Random
  readonly fileSystem: FileSystem
  readonly processRunner: ProcessRunner
  readonly transport: Transport
  readonly trace: Trace
  /** Keeps a second process away. Throws `already-running`. */
  readonly lock: (path: string) => Promise<FileLock>
}
