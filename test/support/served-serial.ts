import type { TrustBundle } from '@mayfly/ca-core'
import type { ProbeEndpoint } from '../../packages/agent/src/probing/endpoint.ts'
import { probeEndpoint } from '../../packages/agent/src/probing/probe-endpoint.ts'

/** The serial that a live port serves now. Rejects if it serves none. */
export async function servedSerial(endpoint: ProbeEndpoint, bundle: TrustBundle): Promise<string> {
  const result = await probeEndpoint(endpoint, { bundle })
  if (result.outcome === 'served') return result.serial
  throw new Error(result.message)
}
