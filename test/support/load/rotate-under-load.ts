import assert from 'node:assert/strict'
import { encodePrivateKey, encodeTrustBundlePem } from '@mayfly/ca-core'
import type { ProbeEndpoint } from '../../../packages/agent/src/probing/endpoint.ts'
import type { ReloadConfiguration } from '../../../packages/agent/src/servers/reload-configuration.ts'
import type { TestHost } from '../rotation.ts'
import { heldAnswer, type PlainBackend } from '../servers/plain-backend.ts'
import { beginRequest } from '../servers/running-request.ts'
import { keptCallersDefault, type LoadCounts, startLoad } from './load.ts'

/** What is rotated, and how it is called. */
export interface LoadedServer {
  readonly host: TestHost
  readonly reload: ReloadConfiguration
  readonly endpoint: ProbeEndpoint
  /** What answers `/held`, behind the server or in it. */
  readonly backend: Pick<PlainBackend, 'release'>
  /** Some servers refuse connections for a moment at a reload; only for those it is to be said. */
  readonly refuses?: 'while it reloads'
  /** Whether it may itself end requests that run while it reloads: then none is begun. */
  readonly endsRunning?: boolean
}

const rotations = 10
/** Between two rotations, so that fresh connections meet every certificate. */
const requestsEach = 60

/** Two callers make fresh connections: few can wait at a listening socket at any moment. */
const refusedEachMax = 10

/**
 * Rotates an HTTPS server ten times while fresh and kept connections call it, and while one request runs across
 * each rotation, where the server lets it. Fails if a handshake or a request failed, or if a serial was not seen by callers.
 */
export async function rotateUnderLoad(server: LoadedServer): Promise<LoadCounts> {
  const { host, reload, endpoint, backend } = server
  const { serverName, connect } = endpoint
  // A server that asks for a certificate gets one; the others take no notice of it.
  const own = await host.issue({ profile: 'peer' })
  const caller = {
    ca: encodeTrustBundlePem(host.issuer.bundle),
    cert: own.chainPem,
    key: encodePrivateKey(own.keyPair),
  }
  const load = startLoad({ port: connect.port, serverName, ...caller })
  const serials: string[] = []
  try {
    for (let rotation = 0; rotation < rotations; rotation++) {
      const running = server.endsRunning === true ? undefined : await beginRequest(endpoint, caller)
      serials.push((await host.rotate(reload, [endpoint])).serial)
      await load.answered(requestsEach)
      backend.release()
      if (running !== undefined) assert.equal(await running.body, heldAnswer.beginning + heldAnswer.end)
    }
  } finally {
    await load.stop()
  }
  assert.deepEqual([...load.errors], [])
  assert.equal(load.counts.failedHandshakes, 0)
  assert.equal(load.counts.failedRequests, 0)
  // Each kept connection is closed as idle once in each rotation: more would be requests that were dropped.
  assert.ok(
    load.counts.repeatedAfterIdleClose <= rotations * keptCallersDefault,
    `${load.counts.repeatedAfterIdleClose} repeated`,
  )
  assert.ok(
    load.counts.refusedConnections <= (server.refuses === undefined ? 0 : rotations * refusedEachMax),
    `${load.counts.refusedConnections} refused`,
  )
  assert.deepEqual(
    serials.filter((serial) => !load.serials.has(serial)),
    [],
  )
  return load.counts
}
