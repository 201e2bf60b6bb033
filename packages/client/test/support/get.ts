import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import type { TLSSocket } from 'node:tls'
import { peerCertificateOf } from '../../src/peers/peer-certificate.ts'

export interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: IncomingMessage['headers']
  readonly socket: TLSSocket
  /** Of the server's certificate, lower-case hex. */
  readonly serial: string
  readonly reused: boolean
}

/** `https.get` as a promise of the whole answer. */
export async function get(url: string, options: https.RequestOptions): Promise<Answer> {
  const request = https.get(url, options)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const socket = response.socket as TLSSocket
  const serial = peerCertificateOf(socket)?.serialNumber.toLowerCase() ?? ''
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return {
    status: response.statusCode ?? 0,
    body: Buffer.concat(chunks).toString(),
    headers: response.headers,
    socket,
    serial,
    reused: request.reusedSocket,
  }
}

/** What a failed `fetch` failed of. */
export async function fetchFailure(attempt: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await attempt
  } catch (error) {
    return (error as Error).cause as Error
  }
  throw new Error('The request was answered, and should have failed')
}
