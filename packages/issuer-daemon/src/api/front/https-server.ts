import type { RequestListener, Server } from 'node:http'
import { createServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { type TlsMaterial, tlsParameters } from '../../tls/tls-parameters.ts'
import { type ConnectionLimits, limitConnections } from '../limits/connection-limits.ts'
import {
  handshakeTimeoutMs,
  headerBytesMax,
  headersTimeoutMs,
  inactivityTimeoutMs,
  keepAliveTimeoutMs,
  requestsPerConnectionMax,
  requestTimeoutMs,
  timeoutCheckIntervalMs,
} from '../limits/server-limits.ts'

/** How long callers may take, for tests to shorten. */
export interface ServerTimeouts {
  readonly handshakeMs: number
  readonly headersMs: number
  readonly requestMs: number
  readonly keepAliveMs: number
  readonly inactivityMs: number
  readonly checkIntervalMs: number
}

export const serverTimeouts: ServerTimeouts = {
  handshakeMs: handshakeTimeoutMs,
  headersMs: headersTimeoutMs,
  requestMs: requestTimeoutMs,
  keepAliveMs: keepAliveTimeoutMs,
  inactivityMs: inactivityTimeoutMs,
  checkIntervalMs: timeoutCheckIntervalMs,
}

export interface HttpsServerOptions {
  readonly material: TlsMaterial
  readonly connectionsMax: number
  /** Without them an address may have every connection. */
  readonly connectionLimits?: ConnectionLimits
  readonly timeouts: ServerTimeouts
}

/** An HTTPS server that no caller can hold up: every step of a connection has its time and size. */
export function createHttpsServer(options: HttpsServerOptions, listener: RequestListener): Server {
  const { material, connectionsMax, connectionLimits, timeouts } = options
  const server = createServer(
    {
      ...tlsParameters(material),
      handshakeTimeout: timeouts.handshakeMs,
      headersTimeout: timeouts.headersMs,
      requestTimeout: timeouts.requestMs,
      keepAliveTimeout: timeouts.keepAliveMs,
      connectionsCheckingInterval: timeouts.checkIntervalMs,
      maxHeaderSize: headerBytesMax,
      // RFC 9110 7.2. One with two is refused on the request path: Node would take the first.
      requireHostHeader: true,
      joinDuplicateHeaders: false,
    },
    listener,
  )
  server.maxConnections = connectionsMax
  server.maxRequestsPerSocket = requestsPerConnectionMax
  server.timeout = timeouts.inactivityMs
  // A handshake that fails concerns its connection only; without a listener it is destroyed all the same.
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  const plain = server as unknown as Server
  if (connectionLimits !== undefined) limitConnections(plain, connectionLimits)
  return plain
}

/** What breaks HTTP itself has no route and no request id: a short answer where one can still be sent. */
export function refuseBrokenHttp(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = brokenHttpStatus[error.code ?? ''] ?? '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

const brokenHttpStatus: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Content Too Large',
}
