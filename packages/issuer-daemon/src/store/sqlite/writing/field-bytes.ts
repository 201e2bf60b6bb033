import type { ColumnValue } from '../../columns/row.ts'

/** Where fields are put together; what was written is copied out of it. It stays as large as it had to be once. */
let scratch = Buffer.alloc(65_536)
let scratchView = viewOf(scratch)

/** A UTF-16 unit is three bytes of UTF-8 at most. */
const utf8BytesOfUnitMax = 3

/** What a value is. */
const valueKinds = { nothing: 0, number: 1, text: 2, bytes: 3 } as const

/**
 * Writes fields one after the other. A field has no name: the reader asks in the same order. One writer at a time, from
 * its making to its `bytes`.
 */
export class FieldWriter {
  #end = 0

  /** 0 to 2^32 - 1. */
  count(value: number): void {
    this.#reserve(4)
    scratchView.setUint32(this.#end, value)
    this.#end += 4
  }

  number(value: number): void {
    this.#reserve(8)
    scratchView.setFloat64(this.#end, value)
    this.#end += 8
  }

  run(bytes: Uint8Array): void {
    this.count(bytes.length)
    this.#reserve(bytes.length)
    scratch.set(bytes, this.#end)
    this.#end += bytes.length
  }

  /** Hex text, to be read as bytes. */
  hex(hex: string): void {
    const length = hex.length / 2
    this.count(length)
    this.#reserve(length)
    this.#end += scratch.write(hex, this.#end, 'hex')
  }

  /** Text of printable ASCII alone. */
  ascii(text: string): void {
    this.count(text.length)
    this.#reserve(text.length)
    this.#end += scratch.write(text, this.#end, 'latin1')
  }

  text(text: string): void {
    this.#reserve(4 + text.length * utf8BytesOfUnitMax)
    const length = scratch.write(text, this.#end + 4, 'utf8')
    scratchView.setUint32(this.#end, length)
    this.#end += 4 + length
  }

  /** What a column takes, with what it is. */
  value(value: ColumnValue): void {
    if (value === null) {
      this.count(valueKinds.nothing)
    } else if (typeof value === 'number') {
      this.count(valueKinds.number)
      this.number(value)
    } else if (typeof value === 'string') {
      this.count(valueKinds.text)
      this.text(value)
    } else {
      this.count(valueKinds.bytes)
      this.run(value)
    }
  }

  /** In a buffer of their own, which can be given to another thread. */
  bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(scratch.subarray(0, this.#end))
  }

  #reserve(length: number): void {
    if (this.#end + length <= scratch.length) return
    const larger = Buffer.alloc(Math.max(scratch.length * 2, this.#end + length))
    larger.set(scratch.subarray(0, this.#end))
    scratch = larger
    scratchView = viewOf(larger)
  }
}

/** Reads what a `FieldWriter` has written. Runs of bytes are views, not copies. */
export class FieldReader {
  readonly #bytes: Buffer
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#view = viewOf(bytes)
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  count(): number {
    const value = this.#view.getUint32(this.#at)
    this.#at += 4
    return value
  }

  number(): number {
    const value = this.#view.getFloat64(this.#at)
    this.#at += 8
    return value
  }

  run(): Uint8Array {
    const length = this.count()
    const start = this.#at
    this.#at += length
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, length)
  }

  ascii(): string {
    const length = this.count()
    const start = this.#at
    this.#at += length
    return this.#bytes.toString('latin1', start, this.#at)
  }

  text(): string {
    const length = this.count()
    const start = this.#at
    this.#at += length
    return this.#bytes.toString('utf8', start, this.#at)
  }

  value(): ColumnValue {
    switch (this.count()) {
      case valueKinds.nothing:
        return null
      case valueKinds.number:
        return this.number()
      case valueKinds.text:
        return this.text()
      default:
        return this.run()
    }
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
