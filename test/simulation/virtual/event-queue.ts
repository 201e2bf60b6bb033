interface Entry<T> {
  readonly at: number
  /** Events of the same time keep the order in which they were put in. */
  readonly order: number
  readonly event: T
}

/** A binary heap: the earliest event first. */
export class EventQueue<T> {
  readonly #entries: Entry<T>[] = []
  #order = 0

  peek(): { readonly at: number; readonly event: T } | undefined {
    return this.#entries[0]
  }

  push(at: number, event: T): void {
    const entries = this.#entries
    const entry = { at, order: this.#order++, event }
    let index = entries.length
    entries.push(entry)
    while (index > 0) {
      const above = (index - 1) >> 1
      const parent = entries[above] as Entry<T>
      if (isBefore(parent, entry)) break
      entries[index] = parent
      index = above
    }
    entries[index] = entry
  }

  pop(): void {
    const entries = this.#entries
    const last = entries.pop()
    if (last === undefined || entries.length === 0) return
    let index = 0
    for (;;) {
      let below = 2 * index + 1
      if (below >= entries.length) break
      if (below + 1 < entries.length && isBefore(this.#at(below + 1), this.#at(below))) below++
      if (isBefore(last, this.#at(below))) break
      entries[index] = this.#at(below)
      index = below
    }
    entries[index] = last
  }

  #at(index: number): Entry<T> {
    return this.#entries[index] as Entry<T>
  }
}

function isBefore<T>(one: Entry<T>, other: Entry<T>): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}
