import { MayflyError } from '../errors/mayfly-error.ts'
import { verifyFlattened } from '../jws/flattened-jws.ts'
import type { PublicKey } from '../keys/public-key.ts'
import { parseJsonMessage } from '../messages/parse-message.ts'
import { type RequestBody, requestBodySchema } from '../messages/request-body.ts'
import { formatInstant, type Instant, secondMs } from '../time/instant.ts'
import { parseRequestJws, readRequestHeader } from './request-header.ts'

/** How far a request's time may be from the issuer's, either way; its nonce is remembered as long. */
export const requestLifetimeSeconds = 300

export interface RequestVerification {
  /** Of the certificate that the header names, from the issuer's own store. */
  readonly publicKey: PublicKey
  /** Where the request arrived, as the issuer knows itself; never from a Host header. */
  readonly url: string
  readonly now: Instant
}

/**
 * Verifies a signed request and returns its body. Whether its nonce was seen is for the store to say.
 *
 * @throws MayflyError `request-invalid` (form), `request-other-url`, `request-stale`,
 * `request-signature-invalid` (another key, another algorithm than the key's own, altered)
 */
export async function verifyRequest(value: unknown, options: RequestVerification): Promise<RequestBody> {
  const header = readRequestHeader(value)
  // The cheap refusals first: an old message, sent again a thousand times, costs no verification.
  requireUrl(header.url, options.url)
  requireFresh(header.issuedAt, options.now)
  const payload = await verifyFlattened(parseRequestJws(value), options.publicKey)
  if (payload === undefined) {
    throw new MayflyError(
      'request-signature-invalid',
      'The request is not signed by the key of the certificate it names.',
    )
  }
  const text = new TextDecoder().decode(payload)
  return parseJsonMessage(requestBodySchema, text, 'request-invalid', 'The body of the signed request')
}

function requireUrl(signedFor: string, arrivedAt: string): void {
  if (signedFor === arrivedAt) return
  throw new MayflyError(
    'request-other-url',
    `The request was signed for ${signedFor}, but arrived at ${arrivedAt}.`,
  )
}

function requireFresh(issuedAt: Instant, now: Instant): void {
  const ageSeconds = (now - issuedAt) / secondMs
  if (Math.abs(ageSeconds) <= requestLifetimeSeconds) return
  const direction = ageSeconds > 0 ? 'old' : 'ahead'
  throw new MayflyError(
    'request-stale',
    `The request was signed at ${formatInstant(issuedAt)} and is ${Math.round(Math.abs(ageSeconds))} s ${direction}. Check the host's clock.`,
    { details: { ageSeconds } },
  )
}
