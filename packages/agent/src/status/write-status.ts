import type { FileAccess, FileSystem } from '@mayfly/ca-core'
import type { AgentStatus } from './agent-status.ts'

/** There is nothing secret in it, and monitoring runs as somebody else. */
const statusAccess: FileAccess = { mode: 0o644 }

/** Replaces the status in one step, so that a reader never sees half of one. */
export async function writeStatus(fileSystem: FileSystem, path: string, status: AgentStatus): Promise<void> {
  const text = `${JSON.stringify(status, undefined, 2)}\n`
  await fileSystem.replaceFile(path, new TextEncoder().encode(text), statusAccess)
}
