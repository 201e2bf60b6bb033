import crypto, { type KeyObject } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { Memo } from './memo.ts'
import { signInThisThread } from './sign-in-this-thread.ts'

/**
 * In a story a thousand parties live in one process and look at the same few certificates again and again.
 * Reading and writing a key and verifying a signature depend on nothing but their input: what one party has computed
 * from the very same bytes the next one is given again. Signing and making keys are left alone.
 */
export function memoiseCrypto(): void {
  crypto.createPublicKey = memoise(crypto.createPublicKey, keyInput) as typeof crypto.createPublicKey
  crypto.createPrivateKey = memoise(crypto.createPrivateKey, keyInput) as typeof crypto.createPrivateKey
  crypto.verify = memoiseVerify(crypto.verify) as typeof crypto.verify
  const { publicKey, privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' })
  for (const key of [publicKey, privateKey]) memoiseExport(Object.getPrototypeOf(key))
  signInThisThread(publicKey, privateKey)
  syncBuiltinESMExports()
}

type Compute = (...given: never[]) => unknown

function memoise(compute: Compute, inputOf: (given: readonly unknown[]) => unknown): Compute {
  const known = new Memo<unknown>()
  return (...given) => {
    const input = inputOf(given)
    return input === undefined ? compute(...given) : known.get(input, () => compute(...given))
  }
}

/** A private key itself (for its public one), PEM text, or DER with its format and type; nothing else is remembered. */
function keyInput([key, ...rest]: readonly unknown[]): unknown {
  if (rest.length > 0) return undefined
  if (typeof key === 'string' || key instanceof crypto.KeyObject) return key
  if (typeof key !== 'object' || key === null || !('key' in key)) return undefined
  const { key: content, format, type, ...other } = key as Record<string, unknown>
  if (!(content instanceof Uint8Array) || Object.keys(other).length > 0) return undefined
  return `${format} ${type} ${latin1Of(content)}`
}

/** DER of a key that is exported in one of two ways, neither encrypted. */
function memoiseExport(prototype: KeyObject): void {
  const compute = prototype.export as (options: { type?: string; format?: string }) => Buffer
  const known = new WeakMap<KeyObject, Buffer>()
  prototype.export = function (this: KeyObject, options: { type?: string; format?: string } = {}) {
    const isPlain = options.format === 'der' && (options.type === 'spki' || options.type === 'pkcs8')
    if (!isPlain || Object.keys(options).length !== 2) return compute.call(this, options)
    const der = known.get(this) ?? compute.call(this, options)
    known.set(this, der)
    return Buffer.from(der)
  } as KeyObject['export']
}

interface Verified {
  readonly how: string
  readonly key: KeyObject
  readonly message: Buffer
  readonly result: unknown
}

/** Found by the signature; taken only where algorithm, key and every byte of the message are the same. */
function memoiseVerify(compute: Compute): Compute {
  const known = new Memo<Verified>()
  return (...given) => {
    const [algorithm, message, options, signature] = given as unknown[]
    const { key = options, ...other } =
      options instanceof crypto.KeyObject ? {} : (options as { key?: unknown })
    const isBytes = message instanceof Uint8Array && signature instanceof Uint8Array
    if (!(key instanceof crypto.KeyObject) || !isBytes) return compute(...given)
    const how = `${algorithm} ${Object.values(other).join(' ')}`
    const isSame = (before: Verified): boolean =>
      before.how === how && before.key.equals(key) && before.message.equals(message)
    const input = latin1Of(signature)
    const verify = (): Verified => ({ how, key, message: Buffer.from(message), result: compute(...given) })
    const verified = known.get(input, verify)
    return isSame(verified) ? verified.result : compute(...given)
  }
}

function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
