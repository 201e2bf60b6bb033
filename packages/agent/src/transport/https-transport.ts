import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Agent, AgentOptions } from 'node:https'
import type { LookupFunction } from 'node:net'
import { encodeTrustBundlePem, MayflyError, type TrustBundle } from '@mayfly/ca-core'
import { connectionFault } from '@mayfly/platform'
import { isAboutTime } from './about-time.ts'
import { checkPeer } from './check-peer.ts'
import { tlsOptions } from './tls-options.ts'
import type { Transport, WireRequest, WireResponse } from './transport.ts'

/** For TCP and TLS together. */
const connectTimeoutMs = 10_000
/** For a whole exchange; an issuer that needs longer is overloaded, and asking again later is kinder. */
const exchangeTimeoutMsDefault = 30_000
/** Long enough for the few messages of one rotation, short enough that none outlives a trust change by much. */
const keepAliveMs = 2_000
const headerBytesMax = 16_384
const connectionsMax = 4
/** Bundles in use at once: one for each issuer that this host knows, and the next one while it is taken up. */
const poolsMax = 4

export interface ClosableTransport extends Transport {
  close(): Promise<void>
}

export interface TransportOptions {
  /** For a whole exchange. Default: 30 s. */
  readonly exchangeTimeoutMs?: number
  /** Takes the place of the system's resolver. */
  readonly lookup?: LookupFunction
}

/**
 * The network, through Node's own HTTPS, which is there already: a library would be a quarter of what an
 * agent has resident. It is loaded when something is asked, which a start with nothing due does not. `now` is the wall
 * clock that certificates are judged by.
 */
export function openTransport(now: () => number, options: TransportOptions = {}): ClosableTransport {
  const { exchangeTimeoutMs = exchangeTimeoutMsDefault, lookup } = options
  const own = lookup === undefined ? {} : { lookup }
  // One pool of connections for each bundle: a connection made under an older one is never used again.
  const pools = new Map<TrustBundle, Agent>()

  const agentFor = async (trust: TrustBundle): Promise<Agent> => {
    const { Agent } = await import('node:https')
    const known = pools.get(trust)
    if (known !== undefined) return known
    const agent = new Agent(pinnedOptions(trust, now, own))
    pools.set(trust, agent)
    // The oldest is forgotten and not destroyed: an exchange may run in it. What is idle closes by itself.
    const [oldest] = pools.keys()
    if (pools.size > poolsMax && oldest !== undefined) pools.delete(oldest)
    return agent
  }

  return {
    async exchange(wireRequest, trust) {
      try {
        return await exchange(wireRequest, await agentFor(trust), exchangeTimeoutMs)
      } catch (error) {
        const { url } = wireRequest
        // TLS speaks of an expired certificate where this host's clock is wrong.
        if (!isAboutTime(error) && !(error instanceof MayflyError && isAboutTime(error.cause))) throw error
        const { explainOtherTime } = await import('./compare-clocks.ts')
        throw (await explainOtherTime({ url, trust, now: now(), ...own })) ?? error
      }
    },
    async getUnverified(url, bodyBytesMax) {
      const { Agent } = await import('node:https')
      const agent = new Agent(unverifiedOptions(own))
      try {
        return await exchange({ method: 'GET', url, headers: {}, bodyBytesMax }, agent, exchangeTimeoutMs)
      } finally {
        agent.destroy()
      }
    },
    async close() {
      for (const agent of pools.values()) agent.destroy()
      pools.clear()
    },
  }
}

function pinnedOptions(trust: TrustBundle, now: () => number, own: object): AgentOptions {
  const roots = encodeTrustBundlePem(trust)
  // An empty `ca` would mean the public roots.
  if (trust.roots.length === 0)
    throw new MayflyError('bundle-invalid', 'the trust bundle is empty; nothing is trusted')
  return agentOptions({
    ...own,
    ca: roots,
    rejectUnauthorized: true,
    checkServerIdentity: (host: string, peer: { raw: Buffer }) => checkPeer(host, peer, trust, now()),
  })
}

function unverifiedOptions(own: object): AgentOptions {
  return agentOptions({ ...own, rejectUnauthorized: false, checkServerIdentity: () => undefined })
}

function agentOptions(connect: object): AgentOptions {
  return {
    ...tlsOptions,
    ...connect,
    // No session is resumed: every connection looks at the certificate anew.
    maxCachedSessions: 0,
    maxSockets: connectionsMax,
    keepAlive: true,
    // Closes connections that are idle; those in use are only told.
    timeout: keepAliveMs,
  }
}

async function exchange(
  wireRequest: WireRequest,
  agent: Agent,
  exchangeTimeoutMs: number,
): Promise<WireResponse> {
  const { url, bodyBytesMax } = wireRequest
  const limit = AbortSignal.timeout(exchangeTimeoutMs)
  try {
    const answer = await send(wireRequest, agent, limit)
    return {
      status: answer.statusCode ?? 0,
      headers: firstValues(answer.headersDistinct),
      body: await readBounded(answer, bodyBytesMax, url),
    }
  } catch (cause) {
    if (cause instanceof MayflyError) throw cause
    const reason = limit.aborted
      ? `no complete answer within ${exchangeTimeoutMs / 1_000} s`
      : reasonOf(cause)
    throw new MayflyError('transport-failed', `${url} cannot be reached: ${reason}`, {
      details: { url },
      cause,
    })
  }
}

async function send(
  { url, method, headers, body }: WireRequest,
  agent: Agent,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { request } = await import('node:https')
  const outgoing = request(url, { agent, method, headers, signal, maxHeaderSize: headerBytesMax })
  limitConnecting(outgoing)
  outgoing.end(body)
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
  // What goes wrong from here on, the answer tells as well.
  outgoing.on('error', () => undefined)
  return answer
}

function limitConnecting(outgoing: ClientRequest): void {
  const limit = setTimeout(
    () => outgoing.destroy(new Error(`no connection within ${connectTimeoutMs / 1_000} s`)),
    connectTimeoutMs,
  )
  const connected = (): void => clearTimeout(limit)
  outgoing.once('close', connected).once('socket', (socket) => {
    if (outgoing.reusedSocket) connected()
    else socket.once('secureConnect', connected)
  })
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

function firstValues(headers: NodeJS.Dict<string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, values?.[0] ?? '']))
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  // Node collects the failures of several addresses in one error without a message.
  const inner = cause instanceof AggregateError ? cause.errors[0] : undefined
  if (inner instanceof Error) return inner.message
  const fault = connectionFault(cause)
  return underOtherRoot.has(codeOf(cause)) ? `${underOtherRootSentence} (${fault})` : fault
}

/** What OpenSSL says of a chain that ends in none of the given roots (X509_V_ERR_…), as Node names it. */
const underOtherRoot: ReadonlySet<unknown> = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
])

const underOtherRootSentence =
  'what answers there has a certificate under no root that this host trusts; if it is the issuer, this host has missed a change of the root and has to be enrolled again'

function codeOf(error: Error): unknown {
  return 'code' in error ? error.code : undefined
}
