import type { ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import {
  dayMs,
  decodeBase64url,
  encodePrivateKey,
  type FlattenedJws,
  generateKeyPair,
  mediaTypes,
  type PublicKey,
  parseCertificateRequest,
  parseName,
  type RequestBody,
} from '@mayfly/ca-core'
import { systemClock, systemRandom } from '@mayfly/platform'
import type { WireRequest, WireResponse } from '../../../packages/agent/src/transport/transport.ts'
import { VirtualIssuer } from '../../../packages/agent/test/support/virtual-issuer.ts'

/** One message that came, and how an honest issuer would answer it. */
export interface Visit {
  readonly request: WireRequest
  readonly response: ServerResponse
  answer(): Promise<WireResponse>
}

/** What is done with a message in the issuer's place. */
export type IssuerFault = (visit: Visit) => Promise<void> | void

/** An issuer on a real port, over TLS 1.3, that answers rightly until it is told otherwise. */
export interface FaultyIssuer {
  readonly issuer: VirtualIssuer
  /** Another door of the same house, to which no fault is applied: the second of two issuers. */
  readonly secondUrl: string
  /** Applied to every message to `issuer.url`, until it is `undefined` again. */
  fault: IssuerFault | undefined
  /** Ends every connection, so that the next message needs a new one. */
  dropConnections(): void
  close(): Promise<void>
}

/** So short that every wait of an agent is about a second, and so long that none expires while a test runs. */
const lifetimeSeconds = 300
const authorityAgeMs = 2 * dayMs
const bodyBytesMax = 1_000_000

export async function startFaultyIssuer(): Promise<FaultyIssuer> {
  // The authority is older than the host, so that it can have issued what has expired.
  let now = (): number => systemClock.now() - authorityAgeMs
  const issuer = await VirtualIssuer.create({
    clock: { ...systemClock, now: () => now() },
    random: systemRandom,
    lifetimeSeconds,
    names: ['dns:web-1.example', 'ip:127.0.0.1'],
  })
  now = () => systemClock.now()
  const keyPair = await generateKeyPair('ec-p256')
  const cert = await issuer.mintChain(keyPair.publicKey, [parseName('localhost')])
  const options = { cert, key: encodePrivateKey(keyPair), minVersion: 'TLSv1.3' } as const
  const openDoor = async (faultOf: () => IssuerFault | undefined): Promise<Door> => {
    const server = createServer(options, async (incoming, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of incoming) chunks.push(chunk as Buffer)
      const body = Buffer.concat(chunks).toString()
      const request: WireRequest = {
        method: incoming.method === 'POST' ? 'POST' : 'GET',
        url: `${url}${incoming.url ?? ''}`,
        headers: incoming.headers as Record<string, string>,
        ...(body !== '' && { body }),
        bodyBytesMax,
      }
      const answer = (): Promise<WireResponse> => issuer.exchange(request)
      const fault = faultOf()
      if (fault !== undefined) await fault({ request, response, answer })
      else send(response, await answer())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `https://localhost:${(server.address() as AddressInfo).port}`
    return { url, server }
  }
  const first = await openDoor(() => faulty.fault)
  const second = await openDoor(() => undefined)
  issuer.url = first.url
  const faulty: FaultyIssuer = {
    issuer,
    secondUrl: second.url,
    fault: undefined,
    dropConnections: () => first.server.closeAllConnections(),
    async close() {
      for (const { server } of [first, second]) {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()))
        server.closeAllConnections()
        await closed
      }
    },
  }
  return faulty
}

interface Door {
  readonly url: string
  readonly server: Server
}

export function send(response: ServerResponse, { status, headers, body }: WireResponse): void {
  response.writeHead(status, headers).end(body)
}

/**
 * Puts another chain in the place of every certificate that is given out, whichever way; other messages pass.
 * `make` gets the key that was asked for, and the chain that an honest issuer would give.
 */
export function otherChains(
  { issuer }: FaultyIssuer,
  make: (publicKey: PublicKey, honest: string) => Promise<string> | string,
): IssuerFault {
  const keys = new Map<string, PublicKey>()
  return async ({ request, response, answer }) => {
    const publicKey = keyAskedFor(request)
    if (publicKey !== undefined) keys.set(publicKey.hash, publicKey)
    const honest = await answer()
    const text = Buffer.from(honest.body).toString()
    const fetched = keys.get(request.url.split('/').at(-1) ?? '')
    if (honest.status !== 200) return send(response, honest)
    if (publicKey !== undefined && 'chain' in JSON.parse(text)) {
      const told = JSON.parse(text) as { chain: string }
      const chain = await make(publicKey, told.chain)
      return send(response, issuer.answer(200, mediaTypes.json, JSON.stringify({ ...told, chain })))
    }
    if (fetched === undefined) return send(response, honest)
    send(response, issuer.answer(200, mediaTypes.pemChain, await make(fetched, text)))
  }
}

/** The key in a signed request; the bundle and fetches ask for none. */
function keyAskedFor({ method, body }: WireRequest): PublicKey | undefined {
  if (method !== 'POST' || body === undefined) return undefined
  const { payload } = JSON.parse(body) as FlattenedJws
  const { csr } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as RequestBody
  return parseCertificateRequest(decodeBase64url(csr)).publicKey
}
