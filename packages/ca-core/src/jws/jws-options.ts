import { constants, type SigningOptions } from 'node:crypto'
import { type KeyAlgorithm, keyAlgorithms } from '../keys/key-algorithms.ts'
import type { KeyType } from '../keys/key-type.ts'

/** How RSA keys sign: hosts as RFC 7518 3.5 wants it, authorities as certificates need it. */
export type RsaPadding = 'pss' | 'pkcs1'

/** How node:crypto makes and reads a signature as it stands in a JWS. */
export function jwsOptionsOf(type: KeyType, rsaPadding: RsaPadding): SigningOptions {
  const { modulusBits }: KeyAlgorithm = keyAlgorithms[type]
  return modulusBits === undefined ? fixedLength : rsaOptions[rsaPadding]
}

/** RFC 7518 3.4: `r` and `s` one after the other; other algorithms pass over it. */
const fixedLength: SigningOptions = { dsaEncoding: 'ieee-p1363' }

const rsaOptions: Readonly<Record<RsaPadding, SigningOptions>> = {
  // RFC 7518 3.5: the salt is as long as the digest.
  pss: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  pkcs1: { padding: constants.RSA_PKCS1_PADDING },
}
