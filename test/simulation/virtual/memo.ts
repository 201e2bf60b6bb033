/** Enough for what a day of some hundred hosts has in use; each key is some kilobytes of OpenSSL's memory. */
const entriesMax = 4_000

/** What was computed, by its input. What was not asked for since long is forgotten. */
export class Memo<Value> {
  #recent = new Map<unknown, Value>()
  #older = new Map<unknown, Value>()

  get(input: unknown, compute: () => Value): Value {
    const recent = this.#recent.get(input)
    if (recent !== undefined) return recent
    const value = this.#older.get(input) ?? compute()
    this.learn(input, value)
    return value
  }

  /** What need not be computed, as it is known already. */
  learn(input: unknown, value: Value): void {
    if (this.#recent.size >= entriesMax) {
      this.#older = this.#recent
      this.#recent = new Map()
    }
    this.#recent.set(input, value)
  }
}
