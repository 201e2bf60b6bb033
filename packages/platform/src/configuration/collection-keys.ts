import { type Document, isCollection, visit } from 'yaml'

/**
 * Where a list or a mapping stands for a key, in characters from the start of the text: YAML allows it, and no setting has
 * such a name. The parser would make a text of it and warn the process.
 */
export function collectionKeys(document: Document): number[] {
  const offsets: number[] = []
  visit(document, {
    Pair(_, { key }) {
      if (isCollection(key)) offsets.push(key.range?.[0] ?? 0)
    },
  })
  return offsets
}
