/** JSON as it was read, or why it was not. */
export type JsonReading =
  | { readonly is: 'read'; readonly value: unknown }
  /** No JSON at all, or bytes that are no UTF-8. */
  | { readonly is: 'broken' }
  /**
   * An object has a member twice: one reader takes the first, another the last (RFC 8259 4). Or the name of a member is
   * written with an escape, which hides that, and which V8 14 takes for another name after it has read one with a
   * backslash in its place. No name of ours needs one.
   */
  | { readonly is: 'ambiguous' }

/** Reads JSON that everybody reads in the same way. The text is passed over once more than `JSON.parse` does. */
export function readJson(text: string): JsonReading {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return broken
  }
  return membersWritten(text) === membersHeld(value) ? { is: 'read', value } : ambiguous
}

/** The same for bytes. RFC 8259 8.1: JSON between systems is UTF-8 without a mark; others are refused, not replaced. */
export function readJsonBytes(bytes: Uint8Array): JsonReading {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    return broken
  }
  return readJson(text)
}

const broken: JsonReading = { is: 'broken' }
const ambiguous: JsonReading = { is: 'ambiguous' }

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Strings of a valid text that are followed by a colon; `undefined` where one of them has an escape. What is in a string
 * is leapt over, and most of a message is.
 */
function membersWritten(text: string): number | undefined {
  const hasEscapes = text.includes('\\')
  let members = 0
  for (let next = text.indexOf('"'); next !== -1; next = text.indexOf('"', next)) {
    const start = next
    const end = endOfString(text, start)
    next = end + 1
    while (isSpace(text.charCodeAt(next))) next += 1
    if (text.charCodeAt(next) !== colon) continue
    if (hasEscapes && text.slice(start, end).includes('\\')) return undefined
    members += 1
  }
  return members
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end
}

/** Behind an odd number of backslashes. Each of them is looked at for one quote only. */
function isEscaped(text: string, quote: number): boolean {
  let first = quote
  while (text.charCodeAt(first - 1) === backslash) first -= 1
  return (quote - first) % 2 === 1
}

/** RFC 8259 2. */
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

const colon = 0x3a
const backslash = 0x5c

/** Without recursion: the parser takes any depth. */
function membersHeld(value: unknown): number {
  let members = 0
  const waiting = [value]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next !== 'object' || next === null) continue
    const held = Object.values(next)
    if (!Array.isArray(next)) members += held.length
    for (const one of held) if (typeof one === 'object') waiting.push(one)
  }
  return members
}
