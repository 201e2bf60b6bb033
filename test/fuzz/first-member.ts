/** A reader of JSON that is not ours. It takes the first of two members with one name, where `JSON.parse` takes the last. */
export interface OtherJson {
  readonly value: unknown
  readonly hasRepeatedMembers: boolean
  readonly hasEscapedNames: boolean
}

/** Reads valid JSON: everything that `JSON.parse` takes. */
export function readFirstMembers(text: string): OtherJson {
  const reader = new FirstMemberReader(text)
  const value = reader.value()
  const { hasRepeatedMembers, hasEscapedNames } = reader
  return { value, hasRepeatedMembers, hasEscapedNames }
}

/** One token of RFC 8259: a string, a punctuation mark, or a number or literal. */
const tokens = /"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/gsu

class FirstMemberReader {
  hasRepeatedMembers = false
  hasEscapedNames = false
  readonly #tokens: string[]
  #next = 0

  constructor(text: string) {
    this.#tokens = text.match(tokens) ?? []
  }

  value(): unknown {
    const token = this.#take()
    if (token === '{') return this.#object()
    if (token === '[') return this.#array()
    return JSON.parse(token)
  }

  #object(): object {
    const members = new Map<string, unknown>()
    if (this.#tokens[this.#next] === '}') this.#next += 1
    else {
      do {
        const written = this.#take()
        if (written.includes('\\')) this.hasEscapedNames = true
        const name = JSON.parse(written) as string
        this.#take()
        const value = this.value()
        if (members.has(name)) this.hasRepeatedMembers = true
        else members.set(name, value)
      } while (this.#take() === ',')
    }
    return Object.fromEntries(members)
  }

  #array(): unknown[] {
    const items: unknown[] = []
    if (this.#tokens[this.#next] === ']') this.#next += 1
    else {
      do items.push(this.value())
      while (this.#take() === ',')
    }
    return items
  }

  #take(): string {
    const token = this.#tokens[this.#next] ?? ''
    this.#next += 1
    return token
  }
}
