/**
 * Whether a text is what a pattern says, in which `*` stands for any characters, or none. Linear in the text: a
 * pattern of somebody else's cannot hold anyone up.
 */
export function matchesPattern(text: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return text === pattern
  const last = rest.pop() ?? ''
  if (!text.startsWith(first)) return false
  let at = first.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return text.length - last.length >= at && text.endsWith(last)
}

/** What all texts that match begin with. */
export function literalPrefix(pattern: string): string {
  return pattern.split('*', 1)[0] ?? ''
}
