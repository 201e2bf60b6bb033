import { createHash } from 'node:crypto'
import type { Random } from '@mayfly/ca-core'

/**
 * Chance from a seed and a label: the same two give the same throws on every machine, and what one part of a
 * story throws moves nothing in another part. Not for keys; `node:crypto` makes those by itself.
 */
export class Dice implements Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number, label: string) {
    const words = new Uint32Array(
      createHash('sha256').update(`${seed}/${label}`).digest().buffer.slice(0, 12),
    )
    this.#a = words[0] ?? 0
    this.#b = words[1] ?? 0
    this.#c = words[2] ?? 0
  }

  /** A uniform number from 0 up to, but not including, 1. */
  fraction(): number {
    return this.#word() / 2 ** 32
  }

  /** A whole number from 0 up to, but not including, `end`. */
  below(end: number): number {
    return Math.floor(this.fraction() * end)
  }

  between(from: number, to: number): number {
    return from + this.below(to - from + 1)
  }

  /** From `from` to `to`, each order of magnitude as likely as the next: most are short, some are long. */
  spread(from: number, to: number): number {
    return Math.round(from * (to / from) ** this.fraction())
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count)
    for (let index = 0; index < count; index += 4) {
      const word = this.#word()
      for (let part = 0; part < 4 && index + part < count; part++) bytes[index + part] = word >>> (8 * part)
    }
    return bytes
  }

  /** sfc32, which passes PractRand and BigCrush. */
  #word(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return sum >>> 0
  }
}
