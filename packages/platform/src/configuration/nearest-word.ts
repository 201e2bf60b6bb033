/** A word with more mistakes than this for its length is not a misspelling but another word. */
const mistakesPerLetterMax = 0.4

/** The word of `known` that `word` was most likely meant to be, if any is near enough. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  let nearest: { word: string; distance: number } | undefined
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    const limit = Math.max(1, Math.floor(Math.max(word.length, candidate.length) * mistakesPerLetterMax))
    if (distance <= limit && (nearest === undefined || distance < nearest.distance)) {
      nearest = { word: candidate, distance }
    }
  }
  return nearest?.word
}

/** Levenshtein distance: how many letters to insert, remove or replace. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1)
      current.push(Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, replaced))
    }
    previous = current
  }
  return previous[to.length] ?? 0
}
