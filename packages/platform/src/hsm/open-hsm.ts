import {
  type Clock,
  type Hsm,
  type HsmKey,
  type HsmKeyOrder,
  type KeyType,
  MayflyError,
  type PublicKey,
  type SignerFault,
  verifySignature,
} from '@mayfly/ca-core'
import { hsmErrorOf, isPinRefusal, pinRefusedError } from './hsm-fault.ts'
import { hsmKeyTypeOf, publicKeyOfModuleKey } from './hsm-key-types.ts'
import { HsmProcess, HsmProcessError } from './hsm-process.ts'
import { formatKeyUri, type Pkcs11Uri, parsePkcs11Uri } from './pkcs11-uri.ts'

export interface HsmOptions {
  /** The token and its module: `pkcs11:token=…?module-path=…` (RFC 7512). */
  readonly uri: string
  /** Read at each login. */
  readonly pin: () => Promise<Uint8Array>
  readonly clock: Clock
  readonly environment: Readonly<Record<string, string | undefined>>
  /** How long the module may take to answer; for tests to shorten. */
  readonly answerMs?: number
}

/** From one look after a token that was lost to the next, growing. */
const pauseMsMin = 1_000
const pauseMsMax = 30_000

/** What is signed to see that a key signs: neither a certificate's DER nor a JWS begins so. */
const trialMessage = new TextEncoder().encode('Mayfly: does this key sign?')

interface OpenToken {
  readonly process: HsmProcess
  readonly token: string
  readonly serial: string
}

interface TokenKey {
  readonly id: Uint8Array
  readonly publicKey: PublicKey
}

/**
 * A token behind a PKCS #11 module. It is logged in to when it is first needed. A signature that fails is tried once
 * more in a new process with a new login; where that fails too, the signer says so, everybody is refused at once, and
 * the token is looked for until it signs again. A PIN that was refused is never tried twice.
 *
 * @throws MayflyError `config-invalid` for the URI
 */
export function openHsm(options: HsmOptions): Hsm {
  const uri = parsePkcs11Uri(options.uri)
  if (uri.module === undefined) {
    throw new MayflyError(
      'config-invalid',
      'The PKCS #11 URI of the HSM names no module: add ?module-path=FILE.',
    )
  }
  return new Pkcs11Hsm(options, uri, uri.module)
}

class Pkcs11Hsm implements Hsm {
  readonly #options: HsmOptions
  readonly #uri: Pkcs11Uri
  readonly #module: string
  /** For messages. */
  readonly #place: string
  readonly #closing = new AbortController()
  #open: OpenToken | undefined
  #opening: Promise<OpenToken> | undefined
  #fault: SignerFault | undefined
  #changed = (): void => undefined
  #refusedPin: Uint8Array | undefined

  constructor(options: HsmOptions, uri: Pkcs11Uri, module: string) {
    this.#options = options
    this.#uri = uri
    this.#module = module
    const named = Object.entries(uri.choice).map(([name, value]) => `${name} ${value}`)
    this.#place = `The HSM (${[...named, module].join(', ')})`
  }

  async uriOf(id: Uint8Array): Promise<string> {
    return this.#telling(async () => formatKeyUri(await this.#opened(), id))
  }

  async makeKey({ keyType, id, label }: HsmKeyOrder): Promise<HsmKey> {
    const { making } = hsmKeyTypeOf(keyType)
    await this.#telling(async () => (await this.#opened()).process.ask('make-key', { making, id, label }))
    const made = await this.findKey(await this.uriOf(id))
    if (made !== undefined) return made
    throw new MayflyError('hsm-unavailable', `${this.#place} has made a key that it does not find.`)
  }

  async findKey(uri: string): Promise<HsmKey | undefined> {
    const choice = parsePkcs11Uri(uri).key
    return this.#telling(async () => {
      const open = await this.#opened()
      const found = await open.process.ask('find-key', { choice })
      if (found === undefined) return undefined
      if (found.id.length === 0) {
        throw new MayflyError(
          'key-invalid',
          'The key in the token has no CKA_ID, by which it would be found again.',
        )
      }
      const publicKey = publicKeyOfModuleKey(found)
      hsmKeyTypeOf(publicKey.type)
      const key: TokenKey = { id: found.id, publicKey }
      await this.#signOnce(key, trialMessage)
      return { uri: formatKeyUri(open, found.id), signer: this.#signer(key) }
    })
  }

  async destroyKey(uri: string): Promise<void> {
    const { id } = parsePkcs11Uri(uri).key
    if (id === undefined) throw new TypeError('only a key that is named by its id is destroyed')
    await this.#telling(async () => (await this.#opened()).process.ask('destroy-key', { id }))
  }

  onChange(changed: () => void): void {
    this.#changed = changed
  }

  async close(): Promise<void> {
    this.#closing.abort(new MayflyError('stopping', 'The HSM was closed.'))
    await this.#opening?.catch(() => undefined)
    await this.#open?.process.close()
  }

  #signer(key: TokenKey): HsmKey['signer'] {
    const { type, spki } = key.publicKey
    return {
      keyType: type satisfies KeyType,
      spki,
      sign: (message) => this.#sign(key, message),
      fault: () => this.#fault,
    }
  }

  async #sign(key: TokenKey, message: Uint8Array): Promise<Uint8Array> {
    if (this.#fault !== undefined) throw this.#fault.error
    const open = this.#open
    try {
      return await this.#signOnce(key, message)
    } catch {
      // A card that was taken out and put in again, a connection that was cut: a new login is all that it needs.
      if (this.#open === open) await this.#drop()
    }
    try {
      return await this.#signOnce(key, message)
    } catch (error) {
      throw this.#fail(error, key)
    }
  }

  async #signOnce({ id, publicKey }: TokenKey, message: Uint8Array): Promise<Uint8Array> {
    const { mechanism, inputOf, signatureOf } = hsmKeyTypeOf(publicKey.type)
    const { process } = await this.#opened()
    const output = await process.ask('sign', { id, mechanism, message: inputOf(message) })
    const signature = signatureOf(output)
    // A fault in the token or on the way to it must not end in a certificate; of ECDSA it would tell the key.
    if (verifySignature(publicKey, message, signature)) return signature
    throw new MayflyError('hsm-unavailable', `${this.#place} gave a signature that does not verify.`)
  }

  async #opened(): Promise<OpenToken> {
    if (this.#open?.process.isEnded === false) return this.#open
    this.#opening ??= this.#openAnew().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #openAnew(): Promise<OpenToken> {
    this.#closing.signal.throwIfAborted()
    const pin = await this.#readPin()
    const process = new HsmProcess(this.#options)
    try {
      const opened = await process.ask('open', { module: this.#module, choice: this.#uri.choice, pin })
      this.#open = { process, ...opened }
      return this.#open
    } catch (error) {
      if (error instanceof HsmProcessError && isPinRefusal(error.fault))
        this.#refusedPin = Uint8Array.from(pin)
      await process.close()
      throw error
    } finally {
      pin.fill(0)
    }
  }

  async #readPin(): Promise<Uint8Array> {
    const pin = Uint8Array.from(await this.#options.pin())
    if (this.#refusedPin === undefined || Buffer.compare(this.#refusedPin, pin) !== 0) return pin
    throw pinRefusedError(this.#place, 'the PIN is still the one that it refused')
  }

  async #drop(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    await open?.process.close()
  }

  #fail(cause: unknown, key: TokenKey): MayflyError {
    const error = this.#unavailable(hsmErrorOf(cause, this.#place))
    const isNew = this.#fault === undefined
    this.#fault = { since: this.#fault?.since ?? this.#options.clock.now(), error }
    if (isNew) {
      this.#changed()
      void this.#recover(key)
    }
    return error
  }

  /** Whoever asks for a certificate is told to come again, whatever it is that keeps the token from signing. */
  #unavailable(error: MayflyError): MayflyError {
    if (error.code === 'hsm-unavailable') return error
    return new MayflyError('hsm-unavailable', error.message, { cause: error })
  }

  /** Looks after the token until `key` signs again. */
  async #recover(key: TokenKey): Promise<void> {
    const { signal } = this.#closing
    for (let pauseMs = pauseMsMin; ; pauseMs = Math.min(2 * pauseMs, pauseMsMax)) {
      const isClosed = await this.#options.clock.sleep(pauseMs, signal).then(
        () => false,
        () => true,
      )
      if (isClosed) return
      try {
        await this.#drop()
        await this.#signOnce(key, trialMessage)
        this.#fault = undefined
        this.#changed()
        return
      } catch (error) {
        this.#fail(error, key)
      }
    }
  }

  /** What fails within, as an error that says what to do. */
  async #telling<Value>(work: () => Promise<Value>): Promise<Value> {
    try {
      return await work()
    } catch (error) {
      throw hsmErrorOf(error, this.#place)
    }
  }
}
