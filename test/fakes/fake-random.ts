import { createHash } from 'node:crypto'
import type { Random } from '@mayfly/ca-core'

const blockBytes = 32

/** The same bytes for the same seed, on every machine. Throws once it has been told to run dry. */
export class FakeRandom implements Random {
  readonly #seed: string
  readonly #bytesMax: number
  #drawn = 0

  constructor(seed: string = 'mayfly', bytesMax: number = Number.POSITIVE_INFINITY) {
    this.#seed = seed
    this.#bytesMax = bytesMax
  }

  /** How many bytes were drawn so far. */
  get drawn(): number {
    return this.#drawn
  }

  bytes(count: number): Uint8Array {
    if (this.#drawn + count > this.#bytesMax) throw new Error('the fake randomness is exhausted')
    const bytes = Uint8Array.from({ length: count }, (_, index) => this.#byteAt(this.#drawn + index))
    this.#drawn += count
    return bytes
  }

  #block: { number: number; bytes: Uint8Array } | undefined

  #byteAt(position: number): number {
    const number = Math.floor(position / blockBytes)
    if (this.#block?.number !== number) {
      const bytes = createHash('sha256').update(`${this.#seed}/${number}`).digest()
      this.#block = { number, bytes }
    }
    return this.#block.bytes[position % blockBytes] ?? 0
  }
}
