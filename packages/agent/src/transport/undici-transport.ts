import type { LookupFunction } from 'node:net'
import { encodeTrustBundlePem, MayflyError, type TrustBundle } from '@mayfly/ca-core'
import { Agent, type Dispatcher, request as send } from 'undici'
import { checkPeer } from './check-peer.ts'
import type { Transport, WireRequest, WireResponse } from './transport.ts'

const connectTimeoutMs = 10_000
/** For a whole exchange; an issuer that needs longer is overloaded, and asking again later is kinder. */
const exchangeTimeoutMsDefault = 30_000
/** Long enough for the few messages of one rotation, short enough that none outlives a trust change by much. */
const keepAliveMs = 2_000
const headerBytesMax = 16_384

/** Everything that Mayfly itself speaks: TLS 1.3, the post-quantum hybrid first. */
const tlsOptions = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ecdhCurve: 'X25519MLKEM768:X25519:P-256:P-384',
} as const

export interface ClosableTransport extends Transport {
  close(): Promise<void>
}

export interface TransportOptions {
  /** For a whole exchange. Default: 30 s. */
  readonly exchangeTimeoutMs?: number
  /** Takes the place of the system's resolver. */
  readonly lookup?: LookupFunction
}

/** The network, through undici. `now` is the wall clock that certificates are judged by. */
export function openTransport(now: () => number, options: TransportOptions = {}): ClosableTransport {
  const { exchangeTimeoutMs = exchangeTimeoutMsDefault, lookup } = options
  const own = lookup === undefined ? {} : { lookup }
  // One pool of connections for each bundle: a connection made under an older one is never used again.
  let current: { trust: TrustBundle; agent: Agent } | undefined

  const agentFor = (trust: TrustBundle): Agent => {
    if (current?.trust === trust) return current.agent
    closeQuietly(current?.agent)
    current = { trust, agent: pinnedAgent(trust, now, own) }
    return current.agent
  }

  return {
    exchange: (wireRequest, trust) => exchange(wireRequest, agentFor(trust), exchangeTimeoutMs),
    async getUnverified(url, bodyBytesMax) {
      const agent = unverifiedAgent(own)
      try {
        return await exchange({ method: 'GET', url, headers: {}, bodyBytesMax }, agent, exchangeTimeoutMs)
      } finally {
        closeQuietly(agent)
      }
    },
    async close() {
      await current?.agent.destroy()
      current = undefined
    },
  }
}

function pinnedAgent(trust: TrustBundle, now: () => number, own: object): Agent {
  const roots = encodeTrustBundlePem(trust)
  // An empty `ca` would mean the public roots.
  if (trust.roots.length === 0)
    throw new MayflyError('bundle-invalid', 'the trust bundle is empty; nothing is trusted')
  return newAgent({
    ...own,
    ca: roots,
    rejectUnauthorized: true,
    checkServerIdentity: (host: string, peer: { raw: Buffer }) => checkPeer(host, peer, trust, now()),
  })
}

function unverifiedAgent(own: object): Agent {
  return newAgent({ ...own, rejectUnauthorized: false, checkServerIdentity: () => undefined })
}

function newAgent(connect: object): Agent {
  return new Agent({
    // No session is resumed: every connection looks at the certificate anew.
    connect: { ...tlsOptions, ...connect, timeout: connectTimeoutMs, maxCachedSessions: 0 },
    connections: 4,
    pipelining: 1,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    maxHeaderSize: headerBytesMax,
    allowH2: false,
  })
}

async function exchange(
  wireRequest: WireRequest,
  dispatcher: Dispatcher,
  exchangeTimeoutMs: number,
): Promise<WireResponse> {
  const { method, url, headers, body, bodyBytesMax } = wireRequest
  try {
    const answer = await send(url, {
      dispatcher,
      method,
      headers,
      ...(body !== undefined && { body }),
      signal: AbortSignal.timeout(exchangeTimeoutMs),
    })
    return {
      status: answer.statusCode,
      headers: firstValues(answer.headers),
      body: await readBounded(answer.body, bodyBytesMax, url),
    }
  } catch (cause) {
    if (cause instanceof MayflyError) throw cause
    throw new MayflyError(
      'transport-failed',
      `${url} cannot be reached: ${reasonOf(cause, exchangeTimeoutMs)}`,
      {
        details: { url },
        cause,
      },
    )
  }
}

async function readBounded(
  body: AsyncIterable<Uint8Array>,
  bytesMax: number,
  url: string,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    // Leaving the loop destroys the stream, and its connection with it.
    if (bytes > bytesMax) {
      throw new MayflyError('answer-invalid', `the answer of ${url} is longer than ${bytesMax} bytes`, {
        details: { url },
      })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function firstValues(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      Array.isArray(value) ? (value[0] ?? '') : (value ?? ''),
    ]),
  )
}

function reasonOf(cause: unknown, exchangeTimeoutMs: number): string {
  if (!(cause instanceof Error)) return String(cause)
  if (cause.name === 'TimeoutError') return `no complete answer within ${exchangeTimeoutMs / 1_000} s`
  // Node collects the failures of several addresses in one error without a message.
  const inner = cause instanceof AggregateError ? cause.errors[0] : undefined
  return inner instanceof Error ? inner.message : cause.message
}

function closeQuietly(agent: Agent | undefined): void {
  agent?.destroy().catch(() => undefined)
}
