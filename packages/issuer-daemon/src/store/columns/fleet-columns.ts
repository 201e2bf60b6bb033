import type { AgentKind, UnfetchedCertificate } from '../fleet-figures.ts'
import { blobToHex } from './blob.ts'
import type { Row } from './row.ts'

/** A row of the table `agent_count`. */
export function toAgentKind(row: Row): AgentKind {
  return {
    version: row.version as string,
    bundleSequence: row.bundle_sequence as number,
    agents: row.agents as number,
  }
}

/** A row of the table `identity` whose newest certificate waits for its host. */
export function toUnfetched(row: Row): UnfetchedCertificate {
  return {
    identity: row.name as string,
    serial: blobToHex(row.newest_serial as Uint8Array),
    notAfter: row.newest_not_after as number,
  }
}
