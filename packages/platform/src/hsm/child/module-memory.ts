import { getRawPointer } from 'node:ffi'

/** Enough for the longest call: a PIN, a message to be signed, templates and answers. */
const arenaBytes = 65_536

/** CK_ATTRIBUTE and CK_MECHANISM on 64 bits: type, pointer, length. */
const recordBytes = 24

/** What stands in a CK_ATTRIBUTE. */
export interface Attribute {
  readonly type: bigint
  readonly value: Uint8Array | string | bigint | boolean
}

/** A place in the arena, and its address. */
export interface Place {
  readonly address: bigint
  readonly bytes: Uint8Array
}

/**
 * The memory that the module reads and writes. It is one block that lives as long as the process, so that no address
 * given to the module is ever that of something collected or moved. It is laid out as C does on 64-bit machines with
 * the low byte first, the only ones that Node can call from.
 */
export class ModuleMemory {
  readonly #buffer = new ArrayBuffer(arenaBytes)
  readonly #view = new DataView(this.#buffer)
  readonly #bytes = new Uint8Array(this.#buffer)
  readonly #start = getRawPointer(this.#buffer)
  #used = 0

  /** Gives everything back, and leaves nothing of it: a PIN may have been in it. */
  clear(): void {
    this.#bytes.fill(0, 0, this.#used)
    this.#used = 0
  }

  /** @throws RangeError where a message is larger than anything that is ever signed */
  take(length: number): Place {
    const offset = Math.ceil(this.#used / 8) * 8
    if (offset + length > arenaBytes) throw new RangeError('the call needs more memory than any should')
    this.#used = offset + length
    return {
      address: this.#start + BigInt(offset),
      bytes: this.#bytes.subarray(offset, offset + length),
    }
  }

  put(content: Uint8Array): Place {
    const place = this.take(content.length)
    place.bytes.set(content)
    return place
  }

  /** A CK_ULONG, to be read when the call is over. */
  number(value: bigint): { readonly address: bigint; read(): bigint } {
    const { address, bytes } = this.take(8)
    this.#view.setBigUint64(bytes.byteOffset, value, true)
    return { address, read: () => this.#view.getBigUint64(bytes.byteOffset, true) }
  }

  mechanism(type: number): bigint {
    return this.#record(BigInt(type), 0n, 0n).address
  }

  attributes(list: readonly Attribute[]): { readonly address: bigint; readonly count: bigint } {
    const values = list.map(({ value }) => this.put(bytesOf(value)))
    const address = this.#records(
      list.map(({ type }, index) => {
        const value = values[index]
        return [type, value?.address ?? 0n, BigInt(value?.bytes.length ?? 0)]
      }),
    )
    return { address, count: BigInt(list.length) }
  }

  /** A template with one attribute to be filled in; `capacity` 0 asks for its length only. */
  wanted(
    type: bigint,
    capacity: number,
  ): { readonly address: bigint; length(): bigint; content(): Uint8Array } {
    const place = this.take(capacity)
    const record = this.#record(type, capacity === 0 ? 0n : place.address, BigInt(capacity))
    const length = (): bigint => this.#view.getBigUint64(record.bytes.byteOffset + 16, true)
    return {
      address: record.address,
      length,
      content: () => place.bytes.slice(0, Number(length())),
    }
  }

  #record(type: bigint, address: bigint, length: bigint): Place {
    const place = this.take(recordBytes)
    this.#writeRecord(place.bytes.byteOffset, [type, address, length])
    return place
  }

  #records(records: readonly (readonly [bigint, bigint, bigint])[]): bigint {
    const place = this.take(recordBytes * records.length)
    records.forEach((record, index) => {
      this.#writeRecord(place.bytes.byteOffset + recordBytes * index, record)
    })
    return place.address
  }

  #writeRecord(offset: number, record: readonly [bigint, bigint, bigint]): void {
    record.forEach((value, index) => {
      this.#view.setBigUint64(offset + 8 * index, value, true)
    })
  }
}

function bytesOf(value: Attribute['value']): Uint8Array {
  if (typeof value === 'boolean') return Uint8Array.of(value ? 1 : 0)
  if (typeof value === 'string') return new TextEncoder().encode(value)
  if (typeof value !== 'bigint') return value
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value, true)
  return bytes
}
