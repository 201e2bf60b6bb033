/** A certificate's change, with room to spare. */
const firstBytes = 2_048

/**
 * Writes fields one after the other into bytes that are nobody else's, so that they can be given to another thread as
 * they are. A field has no name: the reader asks in the same order.
 */
export class FieldWriter {
  #bytes: Buffer<ArrayBuffer>
  #view: DataView
  #end = 0

  /** @param bytesExpected what does not fit makes room for itself */
  constructor(bytesExpected: number = firstBytes) {
    this.#bytes = allocate(bytesExpected)
    this.#view = viewOf(this.#bytes)
  }

  /** 0 to 2^32 - 1. */
  count(value: number): void {
    this.#reserve(4)
    this.#view.setUint32(this.#end, value)
    this.#end += 4
  }

  number(value: number): void {
    this.#reserve(8)
    this.#view.setFloat64(this.#end, value)
    this.#end += 8
  }

  run(bytes: Uint8Array): void {
    this.count(bytes.length)
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#end)
    this.#end += bytes.length
  }

  /** Hex text, to be read as bytes. */
  hex(hex: string): void {
    const length = hex.length / 2
    this.count(length)
    this.#reserve(length)
    this.#end += this.#bytes.write(hex, this.#end, 'hex')
  }

  /** Text of printable ASCII alone. */
  ascii(text: string): void {
    this.count(text.length)
    this.#reserve(text.length)
    this.#end += this.#bytes.write(text, this.#end, 'latin1')
  }

  text(text: string): void {
    this.run(Buffer.from(text, 'utf8'))
  }

  /** Afterwards it is not to be written to. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#end)
  }

  #reserve(length: number): void {
    if (this.#end + length <= this.#bytes.length) return
    const larger = allocate(Math.max(this.#bytes.length * 2, this.#end + length))
    larger.set(this.#bytes.subarray(0, this.#end))
    this.#bytes = larger
    this.#view = viewOf(larger)
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
    return Buffer.from(this.run()).toString('utf8')
  }
}

/** Not out of the pool that all buffers share: what is given to another thread is gone here. */
function allocate(length: number): Buffer<ArrayBuffer> {
  return Buffer.allocUnsafeSlow(length)
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
