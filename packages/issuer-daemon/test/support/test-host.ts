import { randomBytes } from 'node:crypto'
import {
  type Certificate,
  type Clock,
  createCertificateRequest,
  encodeBase64url,
  endpointUrl,
  generateKeyPair,
  type IssuedAnswer,
  type KeyPair,
  type KeyType,
  type Name,
  parseCertificateChain,
  type Report,
  type SignRequestOptions,
  signRequest,
} from '@mayfly/ca-core'
import { systemClock } from '@mayfly/platform'
import { type Answered, ask } from './https-caller.ts'
import { issuerUrl } from './live-issuer.ts'

export const report: Report = {
  version: '0.1.0',
  bundleSequence: 1,
  generation: 1,
  servedSerials: [],
  clockOffsetSeconds: 0,
}

export interface Wire {
  readonly port: number
  readonly ca: string
}

/** A key with the certificate that it got. */
export interface Held {
  readonly keyPair: KeyPair
  readonly certificate: Certificate
}

export async function csrFor(keyPair: KeyPair, names: readonly Name[] = []): Promise<string> {
  return encodeBase64url(await createCertificateRequest({ keyPair, names }))
}

export async function newKey(keyType: KeyType = 'ec-p256'): Promise<KeyPair> {
  return generateKeyPair(keyType)
}

/** `POST /v1/enrollments` with a key of its own, unless one is given. */
export async function postEnrolment(
  wire: Wire,
  token: string,
  options: { readonly keyPair?: KeyPair; readonly names?: readonly Name[]; readonly csr?: string } = {},
): Promise<Answered> {
  const csr = options.csr ?? (await csrFor(options.keyPair ?? (await newKey()), options.names))
  return ask(wire.port, wire.ca, { method: 'POST', path: '/v1/enrollments', json: { token, csr, report } })
}

export async function enrolled(wire: Wire, token: string): Promise<Held> {
  const keyPair = await newKey()
  return heldFrom(await postEnrolment(wire, token, { keyPair }), keyPair)
}

export function heldFrom(answer: Answered, keyPair: KeyPair): Held {
  const [certificate] = parseCertificateChain((answer.json as IssuedAnswer).chain)
  if (certificate === undefined) throw new Error(`no certificate in ${answer.text}`)
  return { keyPair, certificate }
}

export interface Renewal {
  readonly next?: KeyPair
  readonly names?: readonly Name[]
  readonly immediate?: boolean
  /** Hashes of the keys that this one is asked for in place of. */
  readonly replaces?: readonly string[]
  readonly clock?: Clock
  /** What is said instead of the truth. */
  readonly lie?: Partial<SignRequestOptions>
}

/** The signed request of `held` for its next key. */
export async function signedRequest(held: Held, renewal: Renewal = {}): Promise<object> {
  const { next = await newKey(), names = [], immediate, replaces, clock = systemClock, lie } = renewal
  return signRequest({
    keyPair: held.keyPair,
    signer: held.certificate,
    url: endpointUrl(issuerUrl, '/v1/requests'),
    now: clock.now(),
    jti: randomBytes(16).toString('base64url'),
    body: {
      csr: await csrFor(next, names),
      report,
      ...(immediate === undefined ? {} : { immediate }),
      ...(replaces === undefined ? {} : { replaces }),
    },
    ...lie,
  })
}

export function postRequest(wire: Wire, jws: unknown): Promise<Answered> {
  return ask(wire.port, wire.ca, {
    method: 'POST',
    path: '/v1/requests',
    json: jws,
    type: 'application/jose+json',
  })
}
