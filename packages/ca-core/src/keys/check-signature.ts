import { verify } from 'node:crypto'
import { jwsOptionsOf } from '../jws/jws-options.ts'
import type { SignatureCheck, SignatureVerdict, Verifier } from '../ports/verifier.ts'
import { keyAlgorithms } from './key-algorithms.ts'

/** Checks a signature with the one algorithm of the key's type. Decided by node:crypto; throws for no input. */
export function checkSignature({
  keyType,
  spki,
  message,
  signature,
  form,
}: SignatureCheck): SignatureVerdict {
  const key = { key: spki as Buffer, format: 'der', type: 'spki' } as const
  const options = form === 'jws' ? jwsOptionsOf(keyType, 'pss') : {}
  try {
    const isSigned = verify(keyAlgorithms[keyType].digest, message, { ...key, ...options }, signature)
    return isSigned ? 'signed' : 'not-signed'
  } catch {
    return 'key-invalid'
  }
}

/** Checks within the call. */
export const inlineVerifier: Verifier = { verify: checkSignature }
