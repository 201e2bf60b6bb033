import assert from 'node:assert/strict'
import { encodeTrustBundlePem } from '@mayfly/ca-core'
import type { ProbeEndpoint } from '../../packages/agent/src/probing/endpoint.ts'
import type { ReloadConfiguration } from '../../packages/agent/src/servers/reload-configuration.ts'
import { type LoadCounts, startLoad } from './load.ts'
import type { TestHost } from './rotation.ts'

/** Between two rotations, so that fresh connections meet every certificate. */
const requestsEach = 60

/** Two callers make fresh connections: few can wait at a listening socket at any moment. */
const refusedEachMax = 10

/**
 * Rotates an HTTPS server while fresh and kept connections call it. Fails if a handshake or a request
 * failed, or if a serial was not seen by callers. Some servers refuse connections for a moment at a
 * reload; only for those `refusing` is to be said.
 */
export async function rotateUnderLoad(
  host: TestHost,
  reload: ReloadConfiguration,
  endpoint: ProbeEndpoint,
  rotations: number,
  refusing: 'never' | 'while it reloads' = 'never',
): Promise<{ readonly counts: LoadCounts; readonly mintToServedMs: readonly number[] }> {
  const { serverName, connect } = endpoint
  const load = startLoad({ port: connect.port, serverName, ca: encodeTrustBundlePem(host.issuer.bundle) })
  const serials: string[] = []
  const mintToServedMs: number[] = []
  try {
    for (let rotation = 0; rotation < rotations; rotation++) {
      const done = await host.rotate(reload, [endpoint])
      serials.push(done.serial)
      mintToServedMs.push(done.mintToServedMs)
      await load.answered(requestsEach)
    }
  } finally {
    await load.stop()
  }
  assert.deepEqual([...load.errors], [])
  assert.equal(load.counts.failedHandshakes, 0)
  assert.ok(
    load.counts.refusedConnections <= (refusing === 'never' ? 0 : rotations * refusedEachMax),
    `${load.counts.refusedConnections} refused`,
  )
  assert.equal(load.counts.failedRequests, 0)
  assert.deepEqual(
    serials.filter((serial) => !load.serials.has(serial)),
    [],
  )
  return { counts: load.counts, mintToServedMs }
}
