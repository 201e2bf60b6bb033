/** Stands in a template for each value that was taken out. Never in a line of printable ASCII. */
const gap = '\0'

/** A text as what lines of its kind have in common, and what is its own. */
export interface SplitText {
  readonly template: string
  readonly values: readonly string[]
}

/** A key with its colon, a string's inside, or digits after what a JSON number can follow. */
const keyOrValue = /("(?:[^"\\]|\\.)*":)|"((?:[^"\\]|\\.)*)"|(?<=[:[,])(\d+)/g

/**
 * Takes the values out of a line of JSON. Any text comes back as it was from `joinText`, JSON or not: what it is only
 * decides how well it packs.
 */
export function splitText(text: string): SplitText {
  if (text.includes(gap)) return { template: gap, values: [text] }
  const values: string[] = []
  const template = text.replace(keyOrValue, (whole, key?: string, inside?: string, digits?: string) => {
    if (key !== undefined) return whole
    values.push(inside ?? digits ?? '')
    return inside === undefined ? gap : `"${gap}"`
  })
  return { template, values }
}

export function joinText({ template, values }: SplitText): string {
  const [first = '', ...rest] = template.split(gap)
  return rest.reduce((text, piece, index) => `${text}${values[index] ?? ''}${piece}`, first)
}
