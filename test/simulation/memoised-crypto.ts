import crypto, { createHash, type KeyObject } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

/** Enough for what is in use at one time; then all is forgotten, and computed anew. */
const entriesMax = 20_000

/**
 * In a story a thousand parties live in one process and look at the same few certificates again and again.
 * Reading a key and verifying a signature depend on nothing but their input: what one party has computed from
 * the very same bytes the next one is given again. Signing and making keys are left alone.
 */
export function memoiseCrypto(): void {
  crypto.createPublicKey = memoise(crypto.createPublicKey, keyInput) as typeof crypto.createPublicKey
  crypto.createPrivateKey = memoise(crypto.createPrivateKey, keyInput) as typeof crypto.createPrivateKey
  crypto.verify = memoise(crypto.verify, verifyInput) as typeof crypto.verify
  syncBuiltinESMExports()
}

type Compute = (...given: never[]) => unknown

function memoise(compute: Compute, inputOf: (given: readonly unknown[]) => string | undefined): Compute {
  const known = new Map<string, unknown>()
  return (...given) => {
    const input = inputOf(given)
    if (input === undefined) return compute(...given)
    if (known.has(input)) return known.get(input)
    const result = compute(...given)
    if (known.size >= entriesMax) known.clear()
    known.set(input, result)
    return result
  }
}

/** PEM text, or DER with its format and type; anything else is not remembered. */
function keyInput([key, ...rest]: readonly unknown[]): string | undefined {
  if (rest.length > 0) return undefined
  if (typeof key === 'string') return key
  if (typeof key !== 'object' || key === null || !('key' in key)) return undefined
  const { key: content, ...how } = key as { key: unknown }
  if (typeof content === 'string') return JSON.stringify([content, how])
  if (!(content instanceof Uint8Array)) return undefined
  return `${JSON.stringify(how)}${Buffer.from(content.buffer, content.byteOffset, content.length).toString('latin1')}`
}

const spkis = new WeakMap<KeyObject, string>()

function verifyInput([algorithm, message, key, signature]: readonly unknown[]): string | undefined {
  const options = key as { key?: KeyObject } & Record<string, unknown>
  const object = (options.key ?? key) as KeyObject
  if (object?.type !== 'public' || !(message instanceof Uint8Array) || !(signature instanceof Uint8Array)) {
    return undefined
  }
  const spki = spkis.get(object) ?? object.export({ type: 'spki', format: 'der' }).toString('latin1')
  spkis.set(object, spki)
  const { key: _key, ...how } = options.key === undefined ? { key: undefined } : options
  return createHash('sha256')
    .update(`${String(algorithm)} ${JSON.stringify(how)} ${spki} ${message.length} `)
    .update(message)
    .update(signature)
    .digest('latin1')
}
