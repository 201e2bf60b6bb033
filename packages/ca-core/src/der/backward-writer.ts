import { ownBytes } from './own-bytes.ts'

/** What most certificates fit into; a longer one makes the buffer grow. */
const startBytes = 4_096

/**
 * Writes DER from its last octet to its first, into one buffer that is used again for the next encoding: when the
 * header of an element is written its content stands there already, so no length is worked out beforehand and
 * nothing is copied from level to level.
 *
 *     const end = writer.position
 *     writer.ascii('web-1.example')
 *     writer.header(0x82, end)
 */
export class BackwardWriter {
  #buffer = Buffer.alloc(startBytes)
  /** Where the octet written last stands. */
  #start = startBytes

  /** How many octets were written since the last `take`: what `header` counts its content from. */
  get position(): number {
    return this.#buffer.length - this.#start
  }

  octet(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#start] = value
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#buffer.set(value, this.#start)
  }

  hex(digits: string): void {
    const length = digits.length / 2
    this.#reserve(length)
    if (this.#buffer.write(digits, this.#start, length, 'hex') !== length) {
      throw new TypeError('hexadecimal digits come in pairs')
    }
  }

  /** Names and common names in their canonical form are ASCII, whatever the string type around them. */
  ascii(text: string): void {
    this.#reserve(text.length)
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at)
      if (unit > 0x7f) throw new TypeError('the text is not ASCII')
      this.#buffer[this.#start + at] = unit
    }
  }

  /** Tag and minimal length (X.690 10.1) before what was written since the position was `end`. */
  header(tag: number, end: number): void {
    const length = this.position - end
    if (length < 0x80) this.octet(length)
    else {
      let octets = 0
      for (let rest = length; rest > 0; rest >>= 8, octets++) this.octet(rest & 0xff)
      this.octet(0x80 | octets)
    }
    this.octet(tag)
  }

  /** A copy of what was written, after which the writer is empty again. */
  take(): Uint8Array {
    const written = ownBytes(this.#buffer.subarray(this.#start))
    this.#start = this.#buffer.length
    return written
  }

  /** Forgets what an error left half written. */
  clear(): void {
    this.#start = this.#buffer.length
  }

  #reserve(count: number): void {
    if (count > this.#start) this.#grow(count)
    this.#start -= count
  }

  #grow(count: number): void {
    const written = this.#buffer.subarray(this.#start)
    const grown = Buffer.alloc(2 * this.#buffer.length + count)
    grown.set(written, grown.length - written.length)
    this.#start = grown.length - written.length
    this.#buffer = grown
  }
}
