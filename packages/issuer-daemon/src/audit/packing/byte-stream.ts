/** Writes numbers and runs of bytes one after the other. */
export class ByteWriter {
  readonly #pieces: Uint8Array[] = []

  /** @param value 0 to `Number.MAX_SAFE_INTEGER` */
  number(value: number): this {
    // LEB128: seven bits in each byte, the lowest first, the top bit where more follow.
    const bytes: number[] = []
    let rest = value
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
    bytes.push(rest)
    this.#pieces.push(Uint8Array.from(bytes))
    return this
  }

  /** Without their length: the reader knows it. */
  raw(bytes: Uint8Array): this {
    this.#pieces.push(bytes)
    return this
  }

  run(bytes: Uint8Array): this {
    return this.number(bytes.length).raw(bytes)
  }

  text(text: string): this {
    return this.run(Buffer.from(text, 'utf8'))
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#pieces)
  }
}

/** Reads what a `ByteWriter` has written. @throws RangeError where the bytes end too early or say what cannot be */
export class ByteReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  number(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const [byte = 0] = this.raw(1)
      value += (byte & 127) * scale
      if (!Number.isSafeInteger(value)) throw new RangeError('a number is too large')
      if (byte < 128) return value
    }
  }

  raw(length: number): Uint8Array {
    const end = this.#at + length
    if (end > this.#bytes.length) throw new RangeError('the bytes end too early')
    const bytes = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return bytes
  }

  run(): Uint8Array {
    return this.raw(this.number())
  }

  text(): string {
    return Buffer.from(this.run()).toString('utf8')
  }
}
