import {
  type HsmCalls,
  HsmFaultError,
  type KeyChoice,
  type ModuleKey,
  type TokenChoice,
} from '../hsm-messages.ts'
import { cka, ckf, cko, ckr, unavailable, userTypeUser } from './cryptoki-constants.ts'
import { loginFault } from './login-fault.ts'
import { type CallModule, loadModule, mustCall } from './module-functions.ts'
import { type Attribute, ModuleMemory } from './module-memory.ts'

const slotsMax = 256
/** CK_TOKEN_INFO: label, manufacturer, model, serial, flags, ten numbers, two versions, a time. */
const tokenInfoBytes = 208
/** The largest that is asked for is a modulus. */
const attributeBytesMax = 4_096
/** RSA-4096 has 512. */
const signatureBytesMax = 1_024

interface TokenInfo {
  readonly token: string
  readonly manufacturer: string
  readonly model: string
  readonly serial: string
  readonly flags: bigint
}

/** A session with a token in which the user is logged in; the calls of `HsmCalls`, done. */
export class ModuleSession {
  readonly #call: CallModule
  readonly #memory = new ModuleMemory()
  readonly #session: bigint
  readonly info: TokenInfo
  /** Handles of private keys by the hexadecimal of their id. */
  readonly #handles = new Map<string, bigint>()

  constructor({ module, choice, pin }: HsmCalls['open']['ask']) {
    this.#call = loadModule(module)
    mustCall(this.#call, 'C_Initialize', 0n)
    const { slot, info } = this.#chooseToken(choice)
    this.info = info
    this.#session = this.#openSession(slot)
    this.#login(pin)
  }

  findKey(choice: KeyChoice): ModuleKey | undefined {
    const handles = this.#find(cko.privateKey, choice)
    const [handle, another] = handles
    if (handle === undefined) return undefined
    if (another !== undefined) throw new HsmFaultError({ is: 'ambiguous' })
    const id = this.#attribute(handle, cka.id) ?? new Uint8Array()
    this.#handles.set(hexOf(id), handle)
    // Some tokens show the public parts at the private key as well, some only at the public one.
    const [publicHandle] = this.#find(cko.publicKey, { id })
    const read = (type: bigint): Uint8Array | undefined =>
      (publicHandle === undefined ? undefined : this.#attribute(publicHandle, type)) ??
      this.#attribute(handle, type)
    const keyType = read(cka.keyType)
    const ecParameters = read(cka.ecParams)
    const ecPoint = read(cka.ecPoint)
    const modulus = read(cka.modulus)
    const publicExponent = read(cka.publicExponent)
    return {
      id,
      keyType: keyType === undefined ? -1 : numberOf(keyType),
      ...(ecParameters && { ecParameters }),
      ...(ecPoint && { ecPoint }),
      ...(modulus && { modulus }),
      ...(publicExponent && { publicExponent }),
    }
  }

  /** The private half can neither be read nor taken out, by whatever login. */
  makeKey({ making, id, label }: HsmCalls['make-key']['ask']): void {
    const named: Attribute[] = [
      { type: cka.token, value: true },
      { type: cka.id, value: id },
      { type: cka.label, value: label },
    ]
    const parameters: Attribute[] =
      'ecParameters' in making
        ? [{ type: cka.ecParams, value: making.ecParameters }]
        : [
            { type: cka.modulusBits, value: BigInt(making.modulusBits) },
            { type: cka.publicExponent, value: Uint8Array.of(1, 0, 1) },
          ]
    this.#within((memory) => {
      const publicHalf = memory.attributes([...named, { type: cka.verify, value: true }, ...parameters])
      const privateHalf = memory.attributes([
        ...named,
        { type: cka.private, value: true },
        { type: cka.sensitive, value: true },
        { type: cka.extractable, value: false },
        { type: cka.sign, value: true },
      ])
      mustCall(
        this.#call,
        'C_GenerateKeyPair',
        this.#session,
        memory.mechanism(making.mechanism),
        publicHalf.address,
        publicHalf.count,
        privateHalf.address,
        privateHalf.count,
        memory.number(0n).address,
        memory.number(0n).address,
      )
    })
  }

  sign({ id, mechanism, message }: HsmCalls['sign']['ask']): Uint8Array {
    const handle = this.#handleOf(id)
    return this.#within((memory) => {
      mustCall(this.#call, 'C_SignInit', this.#session, memory.mechanism(mechanism), handle)
      const input = memory.put(message)
      const output = memory.take(signatureBytesMax)
      const length = memory.number(BigInt(signatureBytesMax))
      mustCall(
        this.#call,
        'C_Sign',
        this.#session,
        input.address,
        BigInt(message.length),
        output.address,
        length.address,
      )
      return output.bytes.slice(0, Number(length.read()))
    })
  }

  destroyKey(id: Uint8Array): number {
    const handles = [...this.#find(cko.privateKey, { id }), ...this.#find(cko.publicKey, { id })]
    this.#handles.delete(hexOf(id))
    for (const handle of handles) mustCall(this.#call, 'C_DestroyObject', this.#session, handle)
    return handles.length
  }

  /** Ends the session, and all else that the module has open. */
  close(): void {
    this.#call('C_Finalize', 0n)
  }

  #handleOf(id: Uint8Array): bigint {
    const known = this.#handles.get(hexOf(id))
    if (known !== undefined) return known
    this.findKey({ id })
    const found = this.#handles.get(hexOf(id))
    if (found === undefined)
      throw new HsmFaultError({ is: 'token', message: 'the key is not in it any more' })
    return found
  }

  #chooseToken(choice: TokenChoice): { readonly slot: bigint; readonly info: TokenInfo } {
    const fitting = this.#slots()
      .map((slot) => ({ slot, info: this.#tokenInfo(slot) }))
      .filter(({ info }) => fits(info, choice))
    const [first, second] = fitting
    if (first === undefined) throw new HsmFaultError({ is: 'token', message: 'there is no such token' })
    if (second !== undefined) {
      throw new HsmFaultError({
        is: 'token',
        message: 'more than one token is meant; give its serial as well',
      })
    }
    return first
  }

  #slots(): bigint[] {
    return this.#within((memory) => {
      const list = memory.take(8 * slotsMax)
      const count = memory.number(BigInt(slotsMax))
      mustCall(this.#call, 'C_GetSlotList', 1n, list.address, count.address)
      return numbersIn(list.bytes.slice(0, 8 * Number(count.read())))
    })
  }

  #tokenInfo(slot: bigint): TokenInfo {
    return this.#within((memory) => {
      const place = memory.take(tokenInfoBytes)
      mustCall(this.#call, 'C_GetTokenInfo', slot, place.address)
      const text = (start: number, length: number): string =>
        new TextDecoder().decode(place.bytes.subarray(start, start + length)).trimEnd()
      return {
        token: text(0, 32),
        manufacturer: text(32, 32),
        model: text(64, 16),
        serial: text(80, 16),
        flags: numbersIn(place.bytes.slice(96, 104))[0] ?? 0n,
      }
    })
  }

  #openSession(slot: bigint): bigint {
    return this.#within((memory) => {
      const session = memory.number(0n)
      const open = (flags: bigint): number =>
        this.#call('C_OpenSession', slot, flags, 0n, 0n, session.address)
      let value = open(ckf.serialSession | ckf.rwSession)
      if (value === ckr.tokenWriteProtected) value = open(ckf.serialSession)
      if (value !== ckr.ok) throw new HsmFaultError({ is: 'returned', function: 'C_OpenSession', value })
      return session.read()
    })
  }

  #login(pin: Uint8Array): void {
    const { flags } = this.info
    const value = this.#within((memory) => {
      const forbidden = loginFault(flags)
      if (forbidden !== undefined) throw new HsmFaultError(forbidden)
      const place = memory.put(pin)
      return this.#call('C_Login', this.#session, userTypeUser, place.address, BigInt(pin.length))
    })
    pin.fill(0)
    if (value === ckr.ok || value === ckr.userAlreadyLoggedIn) return
    throw new HsmFaultError({ is: 'returned', function: 'C_Login', value })
  }

  #find(objectClass: bigint, { id, label }: KeyChoice): bigint[] {
    return this.#within((memory) => {
      const template = memory.attributes([
        { type: cka.class, value: objectClass },
        ...(id === undefined ? [] : [{ type: cka.id, value: id }]),
        ...(label === undefined ? [] : [{ type: cka.label, value: label }]),
      ])
      mustCall(this.#call, 'C_FindObjectsInit', this.#session, template.address, template.count)
      try {
        const handles = memory.take(8 * 2)
        const count = memory.number(0n)
        mustCall(this.#call, 'C_FindObjects', this.#session, handles.address, 2n, count.address)
        return numbersIn(handles.bytes.slice(0, 8 * Number(count.read())))
      } finally {
        this.#call('C_FindObjectsFinal', this.#session)
      }
    })
  }

  /** `undefined` where the object has no such attribute. */
  #attribute(object: bigint, type: bigint): Uint8Array | undefined {
    return this.#within((memory) => {
      const wanted = memory.wanted(type, attributeBytesMax)
      const value = this.#call('C_GetAttributeValue', this.#session, object, wanted.address, 1n)
      const hasNone = value === ckr.attributeTypeInvalid || wanted.length() === unavailable
      if (value !== ckr.ok && !hasNone) {
        throw new HsmFaultError({ is: 'returned', function: 'C_GetAttributeValue', value })
      }
      return hasNone || wanted.length() === 0n ? undefined : wanted.content()
    })
  }

  #within<Value>(work: (memory: ModuleMemory) => Value): Value {
    try {
      return work(this.#memory)
    } finally {
      this.#memory.clear()
    }
  }
}

function fits(info: TokenInfo, { token, serial, manufacturer, model }: TokenChoice): boolean {
  return (
    (token === undefined || token === info.token) &&
    (serial === undefined || serial === info.serial) &&
    (manufacturer === undefined || manufacturer === info.manufacturer) &&
    (model === undefined || model === info.model)
  )
}

function numbersIn(bytes: Uint8Array): bigint[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.byteLength / 8 }, (_, index) => view.getBigUint64(8 * index, true))
}

function numberOf(bytes: Uint8Array): number {
  return bytes.byteLength === 8 ? Number(numbersIn(bytes)[0]) : -1
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
