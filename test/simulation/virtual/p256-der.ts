import type { KeyObject } from 'node:crypto'

/** Around the coordinates of a P-256 key, in the one DER that OpenSSL writes (RFC 5480, RFC 5915). */
const spkiStart = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex')
const pkcs8Start = Buffer.from(
  '308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420',
  'hex',
)
const pkcs8Middle = Buffer.from('a14403420004', 'hex')

export interface KeyPairDer {
  readonly spki: Buffer
  readonly pkcs8: Buffer
}

/** What OpenSSL exports of a P-256 key; by way of its numbers, which takes an eighth of the time. */
export function derOfP256(privateKey: KeyObject): KeyPairDer {
  const { x = '', y = '', d = '' } = privateKey.export({ format: 'jwk' })
  const point = [Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]
  return {
    spki: Buffer.concat([spkiStart, ...point]),
    pkcs8: Buffer.concat([pkcs8Start, Buffer.from(d, 'base64url'), pkcs8Middle, ...point]),
  }
}
