import { formatEndpoint, type ProbeEndpoint } from './endpoint.ts'
import { NegotiationRefused } from './negotiation/negotiation-refused.ts'
import type { FailedResult } from './probe-result.ts'

type Because = FailedResult['because']

const reasons: Readonly<Record<string, Because>> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'unresolved',
  EAI_AGAIN: 'unresolved',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ETIMEDOUT: 'timeout',
  ECONNRESET: 'closed',
  EPIPE: 'closed',
}

const sentences: Readonly<Record<Because, string>> = {
  refused: 'nothing listens there; start the server, or correct connect in the configuration',
  unresolved: 'the name does not resolve; correct connect in the configuration, or use an address',
  unreachable: 'the address cannot be reached; correct connect in the configuration',
  timeout:
    'there was no answer in time; see whether the server is overloaded or a firewall drops the connection',
  closed: 'the server closed the connection before it showed a certificate; see its log',
  'not-tls': 'the handshake failed before a certificate was shown; see whether the port speaks TLS',
  'no-certificate': 'the server completed a handshake without a certificate',
  'key-unproven':
    'the server showed a certificate and did not prove that it has its key; see its log, and whether it reads certificate and key from the live folder',
}

/** A handshake in which the server showed none, as with a pre-shared key. */
export class NoCertificate extends Error {
  override readonly name = 'NoCertificate'
}

/** A handshake that failed with what the server was to sign. */
export class UnprovenKey extends Error {
  override readonly name = 'UnprovenKey'
}

/** What an error of a look at a port means. */
export function failedResult(endpoint: ProbeEndpoint, error: unknown): FailedResult {
  const refused = error instanceof NegotiationRefused
  const because = refused ? 'not-tls' : becauseOf(error)
  const reason = refused ? error.message : sentences[because]
  return { outcome: 'failed', endpoint, because, message: `${formatEndpoint(endpoint)}: ${reason}.` }
}

function becauseOf(error: unknown): Because {
  if (!(error instanceof Error)) return 'closed'
  if (error instanceof NoCertificate) return 'no-certificate'
  if (error instanceof UnprovenKey) return 'key-unproven'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return reasons[code] ?? (code.startsWith('ERR_SSL') || code === 'EPROTO' ? 'not-tls' : 'closed')
}
