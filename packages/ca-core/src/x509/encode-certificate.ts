import { encodeTime } from '../der/der-time.ts'
import {
  encodeBitString,
  encodeContextConstructed,
  encodeSequence,
  encodeSmallInteger,
  encodeUnsignedInteger,
} from '../der/der-writer.ts'
import { signatureAlgorithmOf } from '../keys/key-algorithms.ts'
import type { PublicKey } from '../keys/public-key.ts'
import type { Signer } from '../ports/signer.ts'
import type { Instant } from '../time/instant.ts'

export interface CertificateContent {
  /** Hexadecimal, positive. */
  readonly serial: string
  readonly issuerDer: Uint8Array
  readonly subjectDer: Uint8Array
  readonly notBefore: Instant
  readonly notAfter: Instant
  readonly publicKey: PublicKey
  /** Encoded Extensions, in the order in which they are to stand; one array may hold several. */
  readonly extensions: readonly Uint8Array[]
}

const version3 = encodeContextConstructed(0, encodeSmallInteger(2))

/** The TBSCertificate (RFC 5280 4.1) that a key of the signer's type is to sign, DER. */
export function encodeTbs(content: CertificateContent, signatureAlgorithm: Uint8Array): Uint8Array {
  return encodeSequence(
    version3,
    encodeUnsignedInteger(Buffer.from(content.serial, 'hex')),
    signatureAlgorithm,
    content.issuerDer,
    encodeSequence(encodeTime(content.notBefore), encodeTime(content.notAfter)),
    content.subjectDer,
    content.publicKey.spki,
    encodeContextConstructed(3, encodeSequence(...content.extensions)),
  )
}

/** The certificate of `content`, signed by `signer`, DER. */
export async function signCertificate(content: CertificateContent, signer: Signer): Promise<Uint8Array> {
  const algorithm = signatureAlgorithmOf(signer.keyType)
  const tbs = encodeTbs(content, algorithm)
  return encodeSigned(tbs, algorithm, await signer.sign(tbs))
}

/** The certificate around a TBSCertificate and its signature, DER. */
export function encodeSigned(
  tbs: Uint8Array,
  signatureAlgorithm: Uint8Array,
  signature: Uint8Array,
): Uint8Array {
  return encodeSequence(tbs, signatureAlgorithm, encodeBitString(signature))
}
