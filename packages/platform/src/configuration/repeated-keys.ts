import { type Document, isScalar, visit } from 'yaml'

/**
 * Where a key stands in a mapping that has it already, in characters from the start of the text, in the order of the
 * file. The parser's own look for it (`uniqueKeys`) compares each key with all before it: minutes for a hundred
 * thousand.
 */
export function repeatedKeys(document: Document): number[] {
  const offsets: number[] = []
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>()
      for (const { key } of items) {
        // By its text, as in the object that is made of it: `1` and `"1"` are one key there.
        const name = isScalar(key) ? String(key.value) : key
        if (seen.has(name)) offsets.push(isScalar(key) ? (key.range?.[0] ?? 0) : 0)
        seen.add(name)
      }
    },
  })
  return offsets.sort((one, other) => one - other)
}
