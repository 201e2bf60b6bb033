import type { AgentPorts } from '../agent-ports.ts'
import type { probeEndpoint } from '../probing/probe-endpoint.ts'

/** What a check touches: everything that the agent does, and what the disk has left. */
export interface CheckPorts extends AgentPorts {
  /** Bytes that the agent may still write on the disk that holds `path`. */
  readonly freeBytes: (path: string) => Promise<number>
  /** Takes the place of a real look at a port, in tests. */
  readonly probe?: typeof probeEndpoint
}
