import { isIP } from 'node:net'
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls'
import { MayflyError } from '@mayfly/ca-core'
import { connectionFault } from '@mayfly/platform'

export interface LiveServer {
  readonly protocol: string
  readonly cipher: string
  /** DER, as presented: leaf first. */
  readonly chain: readonly Uint8Array[]
}

const handshakeTimeoutMs = 10_000
const portDefault = 443
/** A server that presents more has been misconfigured. */
const chainLengthMax = 10

/**
 * The certificates that a live server presents, whatever they are: this looks, and trusts nothing.
 *
 * @throws MayflyError `transport-failed`, `usage` where `url` is no https URL
 */
export async function lookAtServer(url: URL, serverName: string): Promise<LiveServer> {
  const socket = await handshake(url, serverName)
  try {
    const { name } = socket.getCipher()
    return { protocol: socket.getProtocol() ?? 'unknown', cipher: name, chain: presentedChain(socket) }
  } finally {
    socket.destroy()
  }
}

function handshake({ hostname, port, host }: URL, serverName: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? portDefault : Number(port),
      // RFC 6066 3: no IP addresses in SNI.
      ...(isIP(serverName) === 0 && { servername: serverName }),
      // Whatever is there is to be shown; nothing is sent over this connection.
      rejectUnauthorized: false,
      timeout: handshakeTimeoutMs,
    })
    const fail = (why: string, cause?: unknown): void => {
      socket.destroy()
      reject(new MayflyError('transport-failed', `${host}: no TLS handshake: ${why}.`, { cause }))
    }
    socket.once('timeout', () => fail(`nothing came within ${handshakeTimeoutMs / 1_000} s`))
    socket.once('error', (error) => fail(connectionFault(error), error))
    socket.once('secureConnect', () => resolve(socket))
  })
}

function presentedChain(socket: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = []
  let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
  while (certificate?.raw !== undefined && chain.length < chainLengthMax) {
    chain.push(new Uint8Array(certificate.raw))
    const issuer: DetailedPeerCertificate | undefined = certificate.issuerCertificate
    certificate = issuer === certificate ? undefined : issuer
  }
  return chain
}
