import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { encodePrivateKey, generateKeyPair, parseName } from '@mayfly/ca-core'
import type { VirtualIssuer } from './virtual-issuer.ts'

export interface IssuerServer {
  readonly server: Server
  /** Everything that arrived in the clear after the handshake, as text. */
  readonly heard: string[]
  close(): Promise<void>
}

/** Puts a virtual issuer on a real port, with TLS 1.3 and a certificate that it made itself. */
export async function serveIssuer(
  issuer: VirtualIssuer,
  bundleOf: VirtualIssuer = issuer,
): Promise<IssuerServer> {
  const keyPair = await generateKeyPair('ec-p256')
  const names = [parseName('localhost'), parseName('127.0.0.1')]
  const cert = await issuer.mintChain(keyPair.publicKey, names)
  const heard: string[] = []
  const server = createServer(
    { cert, key: encodePrivateKey(keyPair), minVersion: 'TLSv1.3' },
    async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const body = Buffer.concat(chunks).toString()
      heard.push(`${request.method} ${request.url}\n${JSON.stringify(request.headers)}\n${body}`)
      const asked = request.url === '/v1/bundle' ? bundleOf : issuer
      const answer = await asked.exchange({
        method: request.method === 'POST' ? 'POST' : 'GET',
        url: `${asked.url}${request.url ?? ''}`,
        headers: request.headers as Record<string, string>,
        ...(body !== '' && { body }),
        bodyBytesMax: 1e6,
      })
      response.writeHead(answer.status, answer.headers).end(answer.body)
    },
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer.url = `https://localhost:${(server.address() as AddressInfo).port}`
  return {
    server,
    heard,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
