import { type FlattenedJws, signFlattened } from '../jws/flattened-jws.ts'
import type { KeyPair } from '../keys/key-pair.ts'
import type { RequestBody } from '../messages/request-body.ts'
import { type Instant, secondMs } from '../time/instant.ts'
import { type NamedSigner, requestType } from './request-header.ts'

export interface SignRequestOptions {
  /** Of the current leaf. */
  readonly keyPair: KeyPair
  /** The current leaf. */
  readonly signer: NamedSigner
  /** Where the request goes, in full; see `endpointUrl`. */
  readonly url: string
  readonly now: Instant
  /** 16 to 64 characters of base64url; never used twice. */
  readonly jti: string
  readonly body: RequestBody
}

/** Signs a request with the key of the current leaf, as one message that any relay may carry. */
export async function signRequest(options: SignRequestOptions): Promise<FlattenedJws> {
  const { keyPair, signer, url, now, jti, body } = options
  const header = {
    typ: requestType,
    'x5t#S256': Buffer.from(signer.fingerprint, 'hex').toString('base64url'),
    serial: signer.serial,
    url,
    iat: Math.floor(now / secondMs),
    jti,
  }
  return signFlattened(Buffer.from(JSON.stringify(body)), header, keyPair)
}
