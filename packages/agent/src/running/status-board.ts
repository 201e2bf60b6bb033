import type { Clock, FileSystem } from '@mayfly/ca-core'
import type { AgentStatus } from '../status/agent-status.ts'
import { writeStatus } from '../status/write-status.ts'

/** Many certificates that step together are told of in one write. */
const gatherMs = 200

export interface StatusBoard {
  /** The status has changed; it is written soon. */
  refresh(): void
  /** Writes it now, for the last time. */
  close(): Promise<void>
}

export interface StatusBoardOptions {
  readonly clock: Clock
  readonly fileSystem: FileSystem
  readonly path: () => string
  readonly compose: () => AgentStatus
  /** After every write, also one that failed. */
  readonly onWrite: (status: AgentStatus, error?: unknown) => void
}

/** Keeps `status.json` as the agent is. */
export function openStatusBoard(options: StatusBoardOptions): StatusBoard {
  const { clock, fileSystem, path, compose, onWrite } = options
  const closing = new AbortController()
  let pending: Promise<void> | undefined

  const write = async (): Promise<void> => {
    const status = compose()
    const failure = await writeStatus(fileSystem, path(), status).then(
      () => undefined,
      (error: unknown) => error,
    )
    onWrite(status, failure)
  }

  return {
    refresh() {
      pending ??= clock
        .sleep(gatherMs, closing.signal)
        .catch(() => undefined)
        .then(() => {
          pending = undefined
          return write()
        })
    },
    async close() {
      closing.abort()
      await pending
      await write()
    },
  }
}
