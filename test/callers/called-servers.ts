import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { openIdentity } from '@mayfly/client'
import type { ProbeEndpoint } from '../../packages/agent/src/probing/endpoint.ts'
import { createTestHost, type Rotation, type TestHost } from '../support/rotation.ts'
import { startNginx } from '../support/servers/nginx.ts'

/** Two servers on one host, nginx and a Node service, that ask for a certificate and answer with its serial. */
export interface CalledServers {
  readonly host: TestHost
  /** By the server's name. */
  readonly urls: Readonly<Record<'nginx' | 'Node', string>>
  /** Ends once both serve the new certificate. */
  rotate(): Promise<Rotation>
  stop(): Promise<void>
}

/** The one name that the Node service lets in. */
export const callerName = 'billing'

const serverName = 'web-1.example'

export async function startCalledServers(): Promise<CalledServers> {
  const host = await createTestHost()
  await host.install(await host.issue())
  const nginx = await startNginx({ ...host, mutual: true })
  const identity = await openIdentity(host.liveFolder)
  const service = identity.createServer({ allow: [callerName] }, (request, response) => {
    response.end(`${identity.peerIdentity(request).serial}\n`)
  })
  service.listen(0, '127.0.0.1')
  await once(service, 'listening')
  const { port } = service.address() as AddressInfo
  const endpoints = [nginx.port, port].map(
    (each): ProbeEndpoint => ({ connect: { host: '127.0.0.1', port: each }, serverName }),
  )
  const { pidFile, configuration, prefix } = nginx
  return {
    host,
    urls: { nginx: `https://127.0.0.1:${nginx.port}/caller`, Node: `https://127.0.0.1:${port}/` },
    rotate: () => host.rotate({ preset: 'nginx', pidFile, configuration, prefix }, endpoints),
    async stop() {
      service.close()
      service.closeAllConnections()
      await nginx.stop()
      await identity.close()
      await host.remove()
    },
  }
}
