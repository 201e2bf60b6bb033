import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { encodePrivateKey, encodeTrustBundlePem } from '@mayfly/ca-core'
import { openIdentity } from '@mayfly/client'
import type { ReloadConfiguration } from '../../../packages/agent/src/servers/reload-configuration.ts'
import type { TestHost } from '../../support/rotation.ts'
import { startApache } from '../../support/servers/apache.ts'
import { startCaddy } from '../../support/servers/caddy.ts'
import { startHaproxy } from '../../support/servers/haproxy.ts'
import { startHitch } from '../../support/servers/hitch.ts'
import { layNginx, startNginx } from '../../support/servers/nginx.ts'
import { startPlainBackend } from '../../support/servers/plain-backend.ts'
import { listens, until } from '../../support/servers/started-server.ts'
import { startStunnel } from '../../support/servers/stunnel.ts'
import { nginxUnit, startSystemd, withoutSystemd } from '../../support/servers/systemd.ts'
import { startLoadCalls } from './calls.ts'
import { type RotatedServer, serverName } from './rotated-server.ts'

interface HttpsServer {
  readonly port: number
  readonly reload: ReloadConfiguration
  stop(): Promise<void>
}

type StartHttps = (host: TestHost) => Promise<HttpsServer>

export const httpsServers: readonly RotatedServer[] = [
  httpsServer('nginx', async (host) => {
    const nginx = await startNginx(host)
    const { pidFile, configuration, prefix } = nginx
    return { ...nginx, reload: { preset: 'nginx', pidFile, configuration, prefix } }
  }),
  httpsServer('haproxy', async (host) => {
    const haproxy = await startHaproxy(host)
    const { socket, configuration } = haproxy
    return { ...haproxy, reload: { preset: 'haproxy', socket, configuration } }
  }),
  httpsServer('apache', async (host) => {
    const apache = await startApache(host)
    const { pidFile, configuration } = apache
    return { ...apache, reload: { preset: 'apache', program: '/usr/sbin/apache2', pidFile, configuration } }
  }),
  opensPortAnew('caddy', async (host) => {
    const caddy = await startCaddy({ ...host, serverName })
    const { adminPort, configuration } = caddy
    const admin = { host: '127.0.0.1', port: adminPort }
    return { ...caddy, reload: { preset: 'caddy', configuration, admin } }
  }),
  opensPortAnew('stunnel', (host) =>
    beforeBackend(async (backendPort) => {
      const stunnel = await startStunnel({ ...host, backendPort })
      return { ...stunnel, reload: { preset: 'stunnel', pidFile: stunnel.pidFile } }
    }),
  ),
  opensPortAnew('hitch', (host) =>
    beforeBackend(async (backendPort) => {
      const hitch = await startHitch({ ...host, backendPort })
      const { pidFile, configuration } = hitch
      return { ...hitch, reload: { preset: 'hitch', pidFile, configuration } }
    }),
  ),
  httpsServer('node', startNodeService),
  ...(withoutSystemd() === false ? [httpsServer('unit', startUnit)] : []),
]

function opensPortAnew(name: string, start: StartHttps): RotatedServer {
  return { ...httpsServer(name, start), opensPortAnew: true }
}

function httpsServer(name: string, start: StartHttps): RotatedServer {
  return {
    name,
    hostOptions: async () => ({ formats: ['combined'], order: { profile: 'peer' } }),
    async start(host) {
      const { port, reload, stop } = await start(host)
      const ca = encodeTrustBundlePem(host.issuer.bundle)
      // The Node service asks for a certificate, the others take no notice of it.
      const caller = await host.issue()
      const [cert, key] = [caller.chainPem, encodePrivateKey(caller.keyPair)]
      return {
        reload,
        endpoint: { connect: { host: '127.0.0.1', port }, serverName },
        startCalls: () =>
          startLoadCalls({ kind: 'https', options: { port, serverName, ca, cert, key, pauseMs: 0 } }),
        stop,
      }
    },
  }
}

/** A service that follows its files by itself, through the client library. */
async function startNodeService(host: TestHost): Promise<HttpsServer> {
  const identity = await openIdentity(host.liveFolder)
  const server = identity.createServer({ allow: 'anyone-in-bundle' }, (_request, response) => {
    response.end('ok\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    reload: { preset: 'none' },
    async stop() {
      server.close()
      server.closeAllConnections()
      await identity.close()
    },
  }
}

/** nginx as a unit of a real systemd, where namespaces for one can be made. */
async function startUnit(host: TestHost): Promise<HttpsServer> {
  const systemd = await startSystemd()
  const path = process.env.PATH
  process.env.PATH = `${systemd.programs}:${path}`
  const nginx = await layNginx(host)
  await systemd.addUnit('web.service', nginxUnit(nginx))
  await systemd.systemctl('start', 'web.service')
  await until(() => listens(nginx.port), 'the port of web.service')
  return {
    port: nginx.port,
    reload: { preset: 'unit', unit: 'web.service' },
    async stop() {
      process.env.PATH = path
      await systemd.stop()
    },
  }
}

async function beforeBackend(start: (backendPort: number) => Promise<HttpsServer>): Promise<HttpsServer> {
  const backend = await startPlainBackend()
  const server = await start(backend.port)
  return {
    ...server,
    async stop() {
      await server.stop()
      await backend.stop()
    },
  }
}
