import crypto, { type KeyObject, type webcrypto } from 'node:crypto'

interface NodeKey {
  readonly key: KeyObject
  /** As a JWS has it (RFC 7518 3.4). */
  readonly dsaEncoding: 'ieee-p1363'
}

const keyObjects = new WeakMap<webcrypto.CryptoKey, KeyObject>()

/**
 * Lets `jose`, which knows WebCrypto only, sign and verify on P-256 by the same OpenSSL, but in this thread: the way to
 * another one and back costs more than the signature. The two keys show of what kinds keys are.
 */
export function signInThisThread(publicKey: KeyObject, privateKey: KeyObject): void {
  const subtle = Object.getPrototypeOf(crypto.webcrypto.subtle) as webcrypto.SubtleCrypto
  const inThreads = { sign: subtle.sign, verify: subtle.verify }
  for (const key of [publicKey, privateKey]) rememberWhence(Object.getPrototypeOf(key))
  subtle.sign = async function (algorithm, key, message) {
    const nodeKey = nodeKeyOf(algorithm, key)
    if (nodeKey === undefined) return inThreads.sign.call(this, algorithm, key, message)
    return Uint8Array.from(crypto.sign('sha256', bytesOf(message), nodeKey)).buffer
  }
  subtle.verify = async function (algorithm, key, signature, message) {
    const nodeKey = nodeKeyOf(algorithm, key)
    if (nodeKey === undefined) return inThreads.verify.call(this, algorithm, key, signature, message)
    return crypto.verify('sha256', bytesOf(message), nodeKey, bytesOf(signature))
  }
}

/** Notes which `KeyObject` each `CryptoKey` is made from. */
function rememberWhence(prototype: KeyObject): void {
  const { toCryptoKey } = prototype
  prototype.toCryptoKey = function (...given) {
    const key = toCryptoKey.apply(this, given)
    keyObjects.set(key, this)
    return key
  }
}

/** The key as `node:crypto` takes it; `undefined` where it is not one for ECDSA with SHA-256. */
function nodeKeyOf(
  algorithm: Parameters<webcrypto.SubtleCrypto['sign']>[0],
  key: webcrypto.CryptoKey,
): NodeKey | undefined {
  if (typeof algorithm === 'string' || algorithm.name !== 'ECDSA') return undefined
  const { hash } = algorithm as webcrypto.EcdsaParams
  if ((typeof hash === 'string' ? hash : hash.name) !== 'SHA-256') return undefined
  const object = keyObjects.get(key)
  return object && { key: object, dsaEncoding: 'ieee-p1363' }
}

function bytesOf(source: ArrayBuffer | NodeJS.ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source)
}
