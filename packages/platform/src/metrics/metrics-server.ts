import type { Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MayflyError } from '@mayfly/ca-core'
import type { Registry } from 'prom-client'
import type { HostPort } from '../configuration/setting-types.ts'

export interface MetricsServer {
  readonly address: HostPort
  close(): Promise<void>
}

export interface MetricsServerOptions {
  readonly registry: Registry
  readonly listen: HostPort
  /** Whether the daemon can do its work, for `/readyz`. */
  readonly isReady: () => boolean | Promise<boolean>
}

const requestTimeoutMs = 10_000
const connectionsMax = 32

/** Serves `/metrics` in Prometheus' text format, `/healthz` and `/readyz` over plain HTTP. */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  // Loaded here: Node's own module brings an HTTP client that costs every process 10 MiB, also where nobody scrapes.
  const { createServer } = await import('node:http')
  const server = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
    const path = request.method === 'GET' ? request.url : undefined
    answer(path, response, options).catch(() => response.writeHead(500).end())
  })
  server.maxConnections = connectionsMax
  const address = await listen(server, options.listen)
  return {
    address,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  path: string | undefined,
  response: ServerResponse,
  { registry, isReady }: MetricsServerOptions,
): Promise<void> {
  switch (path) {
    case '/metrics':
      return send(response, 200, await registry.metrics(), registry.contentType)
    case '/healthz':
      return send(response, 200, 'ok\n')
    case '/readyz':
      return (await isReady()) ? send(response, 200, 'ready\n') : send(response, 503, 'not ready\n')
    default:
      return send(response, 404, 'not found\n')
  }
}

function send(response: ServerResponse, status: number, text: string, type: string = 'text/plain'): void {
  response.writeHead(status, { 'content-type': type }).end(text)
}

function listen(server: Server, { host, port }: HostPort): Promise<HostPort> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new MayflyError('config-invalid', `metrics cannot be served on ${host}:${port}: ${cause.message}`, {
          details: { host, port },
          cause,
        }),
      )
    })
    server.listen(port, host, () => {
      const bound = server.address() as AddressInfo
      resolve({ host: bound.address, port: bound.port })
    })
  })
}
