import { MayflyError } from '../errors/mayfly-error.ts'
import { signatureBytesOf, signingInputOf } from '../jws/jws-signature.ts'
import { inlineVerifier } from '../keys/check-signature.ts'
import { jwsAlgorithmOf } from '../keys/key-algorithms.ts'
import type { PublicKey } from '../keys/public-key.ts'
import { parseJsonMessage } from '../messages/parse-message.ts'
import { type RequestBody, requestBodySchema } from '../messages/request-body.ts'
import type { SignatureCheck, Verifier } from '../ports/verifier.ts'
import { formatInstant, type Instant, secondMs } from '../time/instant.ts'
import { readSignedRequest, type SignedRequest } from './request-header.ts'

/** How far a request's time may be from the issuer's, either way; its nonce is remembered as long. */
export const requestLifetimeSeconds = 300

export interface RequestVerification {
  /** Of the certificate that the header names, from the issuer's own store. */
  readonly publicKey: PublicKey
  /** Where the request arrived, as the issuer knows itself; never from a Host header. */
  readonly url: string
  readonly now: Instant
  /** Who checks the signature; within the call if absent. */
  readonly verifier?: Verifier
}

/**
 * Verifies a signed request and returns its body. Whether its nonce was seen is for the store to say.
 *
 * @throws MayflyError `request-invalid` (form), `request-other-url`, `request-stale`,
 * `request-signature-invalid` (another key, another algorithm than the key's own, altered)
 */
export async function verifyRequest(value: unknown, options: RequestVerification): Promise<RequestBody> {
  return verifySignedRequest(readSignedRequest(value), options)
}

/** The same for a request whose form was checked. */
export async function verifySignedRequest(
  request: SignedRequest,
  { publicKey, url, now, verifier = inlineVerifier }: RequestVerification,
): Promise<RequestBody> {
  // The cheap refusals first: an old message, sent again a thousand times, costs no verification.
  requireUrl(request.header.url, url)
  requireFresh(request.header.issuedAt, now)
  const check = signatureCheckOf(request, publicKey)
  if (check === undefined || (await verifier.verify(check)) !== 'signed') {
    throw new MayflyError(
      'request-signature-invalid',
      'The request is not signed by the key of the certificate it names.',
    )
  }
  const bytes = Buffer.from(request.jws.payload, 'base64url')
  return parseJsonMessage(requestBodySchema, bytes, 'request-invalid', 'The body of the signed request')
}

/** What is to be checked; `undefined` where the form of the signature alone says that it does not hold. */
function signatureCheckOf(
  { jws, algorithm }: SignedRequest,
  { type, spki }: PublicKey,
): SignatureCheck | undefined {
  // RFC 8725 3.1: the key decides on the algorithm, the message never does.
  if (algorithm !== jwsAlgorithmOf(type)) return undefined
  const signature = signatureBytesOf(jws)
  return signature && { keyType: type, spki, message: signingInputOf(jws), signature, form: 'jws' }
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
