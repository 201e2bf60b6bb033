import { readLength, tagAt } from './der-element.ts'
import { derInvalid } from './der-invalid.ts'
import { derTags } from './der-tags.ts'

/**
 * Walks through DER whose structure is known, as strictly as `parseDer` and without making an object of each
 * element. What is taken and not opened is not looked into: whoever takes it reads or compares it.
 */
export class DerCursor {
  readonly #bytes: Uint8Array
  #at = 0
  #limit: number

  /** Throws `der-invalid` where there are more than `bytesMax`. */
  constructor(bytes: Uint8Array, bytesMax: number) {
    if (bytes.length > bytesMax) throw derInvalid(`${bytes.length} bytes, and at most ${bytesMax} are read`)
    this.#bytes = bytes
    this.#limit = bytes.length
  }

  /** Steps into the next element. Gives what `leave` needs to step out of it again. */
  enter(tag: number = derTags.sequence): number {
    const around = this.#limit
    this.#limit = this.#header(tag)
    return around
  }

  /** Steps out of an element, all of which must have been read. */
  leave(around: number): void {
    if (this.#at !== this.#limit) throw derInvalid('there is a field too many')
    this.#limit = around
  }

  /** Throws if anything is left. */
  end(): void {
    if (this.#at !== this.#limit) throw derInvalid('bytes follow the end of the value')
  }

  /** The next element, whole. */
  take(tag: number = derTags.sequence): Uint8Array {
    const start = this.#at
    this.#at = this.#header(tag)
    return this.#bytes.subarray(start, this.#at)
  }

  /** Passes `expected` if it stands next. */
  takeIf(expected: Uint8Array): boolean {
    if (this.#at + expected.length > this.#limit) return false
    for (let i = 0; i < expected.length; i++) if (this.#bytes[this.#at + i] !== expected[i]) return false
    this.#at += expected.length
    return true
  }

  /** Where the next element begins. */
  get position(): number {
    return this.#at
  }

  /** Goes to the content of the next element, and gives its end. */
  #header(tag: number): number {
    const found = tagAt(this.#bytes, this.#at, this.#limit)
    if (found !== tag) throw derInvalid(`tag ${found} where ${tag} belongs`)
    const { length, start } = readLength(this.#bytes, this.#at + 1, this.#limit)
    if (start + length > this.#limit) throw derInvalid('a length goes past the end')
    this.#at = start
    return start + length
  }
}
