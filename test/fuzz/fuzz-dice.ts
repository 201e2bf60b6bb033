/** Draws that repeat with their seed: xorshift32 (Marsaglia, 2003). For tests only. */
export class FuzzDice {
  #state: number

  constructor(seed: number) {
    // Zero would stay zero.
    this.#state = Math.imul(seed + 1, 0x9e3779b9) | 1
  }

  /** A whole number from 0 up to, and without, `end`. */
  below(end: number): number {
    this.#state ^= this.#state << 13
    this.#state ^= this.#state >>> 17
    this.#state ^= this.#state << 5
    return Math.floor(((this.#state >>> 0) / 0x1_0000_0000) * end)
  }

  pick<Value>(values: readonly Value[]): Value {
    const value = values[this.below(values.length)]
    if (value === undefined) throw new TypeError('nothing to pick from')
    return value
  }
}
