import type { FlattenedJWSInput } from 'jose'
import { flattenedVerify } from 'jose/jws/flattened/verify'
import * as z from 'zod'
import { jwsAlgorithmOf } from '../keys/key-algorithms.ts'
import type { KeyPair } from '../keys/key-pair.ts'
import type { PublicKey } from '../keys/public-key.ts'
import { encodeBase64url } from '../messages/base64url.ts'
import { type FlattenedJws, signJws } from './jws-signature.ts'

export type { FlattenedJws }

/** An ML-DSA-87 signature is 6,170 characters of base64url. */
const signatureCharactersMax = 8_192
/** Headers hold a type, an algorithm, a hash, a URL, a time and a nonce. */
const headerCharactersMax = 4_096

/**
 * The shape of a JWS whose payload has at most `payloadCharactersMax` characters of base64url.
 * Strict: an unprotected `header` is refused.
 */
export function flattenedJwsSchema(payloadCharactersMax: number): z.ZodType<FlattenedJws> {
  return z.strictObject({
    protected: base64url(headerCharactersMax),
    payload: base64url(payloadCharactersMax),
    signature: base64url(signatureCharactersMax),
  })
}

/** As zod's own format has it, which decodes the text to find out: for a request that takes longer than all the rest. */
function base64url(charactersMax: number): z.ZodType<string> {
  return z.string().min(1).max(charactersMax).regex(base64urlText, 'is not base64url')
}

/** RFC 4648 5 without padding: no text of bytes leaves one character over. */
const base64urlText = /^(?:[\w-]{4})*(?:[\w-]{2,3})?$/

/** Signs `payload` with the one JWS algorithm of the key's type, which is added to `header` as `alg`. */
export async function signFlattened(
  payload: Uint8Array,
  header: Readonly<Record<string, string | number>>,
  keyPair: KeyPair,
): Promise<FlattenedJws> {
  const parts = {
    protected: encodeBase64url(Buffer.from(JSON.stringify({ ...header, alg: jwsAlgorithmOf(keyPair.type) }))),
    payload: encodeBase64url(payload),
  }
  return { ...parts, signature: encodeBase64url(signJws(parts, keyPair)) }
}

/** What was signed, or `undefined` where the signature is not one of `publicKey`'s over this JWS. */
export async function verifyFlattened(
  jws: FlattenedJws,
  publicKey: PublicKey,
): Promise<Uint8Array | undefined> {
  try {
    // RFC 8725 3.1: the key decides on the algorithm, the message never does.
    const algorithms = [jwsAlgorithmOf(publicKey.type)]
    return (await flattenedVerify(jws as FlattenedJWSInput, publicKey.key, { algorithms })).payload
  } catch {
    // Whatever a crafted message makes the verifier throw, it did not verify.
    return undefined
  }
}
