import crypto, { type KeyObject } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { encodePem } from '@mayfly/ca-core'
import { toFixedLength } from '../../../packages/ca-core/src/jws/signer-jws.ts'
import { Memo } from './memo.ts'
import { derOfP256, type KeyPairDer } from './p256-der.ts'
import { signInThisThread } from './sign-in-this-thread.ts'

/**
 * In a story a thousand parties live in one process and look at the same few certificates again and again.
 * Reading and writing a key and verifying a signature depend on nothing but their input: what one party has computed
 * from the very same bytes the next one is given again. Keys and signatures are OpenSSL's; whoever is handed the DER
 * of a key that was made here gets that key, and a signature that was made here is known to be one, of that key over
 * those bytes. Anything else is computed.
 */
export function memoiseCrypto(): void {
  const known: Known = {
    publicKeys: new Memo(),
    privateKeys: new Memo(),
    exports: new WeakMap(),
    verified: new Memo(),
  }
  crypto.createPublicKey = memoise(crypto.createPublicKey, known.publicKeys)
  crypto.createPrivateKey = memoise(crypto.createPrivateKey, known.privateKeys)
  const { publicKey, privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' })
  for (const key of [publicKey, privateKey]) memoiseExport(Object.getPrototypeOf(key), known)
  crypto.generateKeyPair = makeInThisThread(crypto.generateKeyPair, known) as typeof crypto.generateKeyPair
  crypto.sign = rememberSigned(crypto.sign, known) as typeof crypto.sign
  crypto.verify = memoiseVerify(crypto.verify, known) as typeof crypto.verify
  signInThisThread(publicKey, privateKey)
  syncBuiltinESMExports()
}

type Compute = (...given: never[]) => unknown

interface Verified {
  readonly how: string
  readonly key: KeyObject
  /** Nobody writes to what was signed. */
  readonly message: Uint8Array
  readonly result: unknown
}

interface Known {
  readonly publicKeys: Memo<KeyObject>
  readonly privateKeys: Memo<KeyObject>
  readonly exports: WeakMap<KeyObject, Readonly<Record<string, Buffer>>>
  /** By the signature. */
  readonly verified: Memo<Verified>
}

function memoise<Create extends (...given: never[]) => KeyObject>(
  compute: Create,
  known: Memo<KeyObject>,
): Create {
  const create = (...given: never[]): KeyObject => {
    const input = keyInput(given)
    return input === undefined ? compute(...given) : known.get(input, () => compute(...given))
  }
  return create as Create
}

/** A private key itself (for its public one), PEM text, or DER with its format and type; nothing else is remembered. */
function keyInput([key, ...rest]: readonly unknown[]): unknown {
  if (rest.length > 0) return undefined
  if (typeof key === 'string' || key instanceof crypto.KeyObject) return key
  if (typeof key !== 'object' || key === null || !('key' in key)) return undefined
  const { key: content, format, type, ...other } = key as Record<string, unknown>
  if (!(content instanceof Uint8Array) || format !== 'der') return undefined
  for (const _ in other) return undefined
  return derInput(String(type), content)
}

function derInput(type: string, der: Uint8Array): string {
  return `${type} ${latin1Of(der)}`
}

/** DER of a key that is exported in one of two ways, neither encrypted. */
function memoiseExport(prototype: KeyObject, { exports }: Known): void {
  const compute = prototype.export as (options: { type?: string; format?: string }) => Buffer
  prototype.export = function (this: KeyObject, options: { type?: string; format?: string } = {}) {
    const { type = '', format } = options
    const isPlain = format === 'der' && (type === 'spki' || type === 'pkcs8')
    if (!isPlain || Object.keys(options).length !== 2) return compute.call(this, options)
    const known = exports.get(this)
    const der = known?.[type] ?? compute.call(this, options)
    if (known?.[type] === undefined) exports.set(this, { ...known, [type]: der })
    return Buffer.from(der)
  } as KeyObject['export']
}

/** So many keys are made at once: OpenSSL's tables for them are out of the processor's cache a moment later. */
const pairsAtOnce = 32

/**
 * P-256 keys, as nearly all of a story's are, are made here: the way to another thread costs more than the key. Each is
 * handed out once.
 */
function makeInThisThread(compute: Compute, known: Known): Compute {
  let made: readonly Pair[] = []
  let handedOut = 0
  const nextPair = (): Pair => {
    if (handedOut === made.length) {
      made = Array.from({ length: pairsAtOnce }, makePair)
      handedOut = 0
    }
    return made[handedOut++] as Pair
  }
  return (...given) => {
    const [type, options, done] = given as unknown[]
    const { namedCurve, ...other } = options as { namedCurve?: string }
    if (type !== 'ec' || namedCurve !== 'P-256' || Object.keys(other).length > 0) return compute(...given)
    const { publicKey, privateKey, spki, pkcs8 } = nextPair()
    known.exports.set(publicKey, { spki })
    known.exports.set(privateKey, { pkcs8 })
    known.publicKeys.learn(privateKey, publicKey)
    known.publicKeys.learn(derInput('spki', spki), publicKey)
    known.privateKeys.learn(derInput('pkcs8', pkcs8), privateKey)
    known.privateKeys.learn(encodePem('PRIVATE KEY', pkcs8), privateKey)
    const tell = done as (error: null, publicKey: KeyObject, privateKey: KeyObject) => void
    tell(null, publicKey, privateKey)
    return undefined
  }
}

interface Pair extends KeyPairDer {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

function makePair(): Pair {
  const { publicKey, privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { publicKey, privateKey, ...derOfP256(privateKey) }
}

/** What a key has signed is known to be signed by it. */
function rememberSigned(compute: Compute, { verified }: Known): Compute {
  return (...given) => {
    const signature = compute(...given)
    const [algorithm, message, options, ...rest] = given as unknown[]
    const asked = readOptions(algorithm, options)
    if (rest.length > 0 || asked === undefined || !(message instanceof Uint8Array)) return signature
    if (asked.key.type !== 'private') return signature
    const { how } = asked
    const key = crypto.createPublicKey(asked.key)
    const result = { how, key, message, result: true }
    // The issuer writes what its authority signs, as it would stand in a certificate, anew for a JWS.
    if (how === 'sha256 ' && message[0] !== derSequence && asked.key.asymmetricKeyType === 'ec') {
      const fixed = toFixedLength(signature as Buffer, 32)
      verified.learn(latin1Of(fixed), { ...result, how: 'sha256 ieee-p1363 ' })
    } else verified.learn(latin1Of(signature as Buffer), result)
    return signature
  }
}

/** What a certificate or a request begins with; what a JWS signs is text. */
const derSequence = 0x30

/** Found by the signature; taken only where algorithm, key and every byte of the message are the same. */
function memoiseVerify(compute: Compute, known: Known): Compute {
  return (...given) => {
    const [algorithm, message, options, signature, ...rest] = given as unknown[]
    const isBytes = message instanceof Uint8Array && signature instanceof Uint8Array
    const asked = readOptions(algorithm, options)
    if (asked === undefined || !isBytes || rest.length > 0) return compute(...given)
    const { how, key } = asked
    const isSame = (before: Verified): boolean =>
      before.how === how &&
      (before.key === key || before.key.equals(key)) &&
      Buffer.compare(before.message, message) === 0
    const verify = (): Verified => ({ how, key, message, result: compute(...given) })
    const verified = known.verified.get(latin1Of(signature), verify)
    return isSame(verified) ? verified.result : compute(...given)
  }
}

const ofTheKey = ['key', 'format', 'type']

/** With which key and by which rules; `undefined` where that is said in another way than the product's. */
function readOptions(algorithm: unknown, options: unknown): { how: string; key: KeyObject } | undefined {
  if (options instanceof crypto.KeyObject) return { how: `${algorithm} `, key: options }
  if (typeof options !== 'object' || options === null) return undefined
  const rules = options as Record<string, unknown>
  const { key, format, type } = rules
  let how = `${algorithm} `
  for (const rule in rules) if (!ofTheKey.includes(rule)) how += `${rules[rule]} `
  if (key instanceof crypto.KeyObject) return { how, key }
  if (!(key instanceof Uint8Array) || format !== 'der' || type !== 'spki') return undefined
  return { how, key: crypto.createPublicKey({ key: key as Buffer, format, type }) }
}

function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
