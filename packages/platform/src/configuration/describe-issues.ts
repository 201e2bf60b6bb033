import { type Document, isMap, isNode, isScalar } from 'yaml'
import type * as z from 'zod'
import { describeRule } from './describe-rule.ts'
import { nearestWord } from './nearest-word.ts'
import type { AllowedKeys } from './schema-keys.ts'

export interface ConfigurationProblem {
  /** Where in the text, in characters from its start. */
  readonly offset: number
  /** The path of keys, such as `certificates.web.mode`; empty for the whole file. */
  readonly key: string
  readonly reason: string
}

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

/** Every problem, in the order of the file. */
export function describeIssues(
  issues: readonly Issue[],
  document: Document,
  allowed: AllowedKeys,
): ConfigurationProblem[] {
  return issues
    .flatMap((issue) => describe(issue, [], document, allowed))
    .sort((one, other) => one.offset - other.offset)
}

function describe(
  issue: Issue,
  parents: Path,
  document: Document,
  allowed: AllowedKeys,
): ConfigurationProblem[] {
  const path = [...parents, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey([...path, key], document, allowed(path)))
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const [nearest = []] = [...issue.errors].sort(byNearness)
    return nearest.flatMap((inner) => describe(inner, path, document, allowed))
  }
  if (issue.code === 'invalid_type' && !exists(document, path)) {
    return [{ offset: offsetOf(document, path), key: keyText(path), reason: 'is missing' }]
  }
  const reason = describeRule(issue, path.length === 0 ? document.contents : document.getIn(path))
  return [{ offset: offsetOf(document, path), key: keyText(path), reason }]
}

/** What was meant is the alternative that its own words name, such as a preset; of several, the one with the fewest problems. */
function byNearness(one: readonly Issue[], other: readonly Issue[]): number {
  return otherWords(one) - otherWords(other) || one.length - other.length
}

function otherWords(issues: readonly Issue[]): number {
  return issues.filter(({ code }) => code === 'invalid_value').length
}

function unknownKey(path: Path, document: Document, known: readonly string[]): ConfigurationProblem {
  const nearest = nearestWord(String(path.at(-1)), known)
  const advice =
    nearest === undefined ? `; known here: ${[...known].sort().join(', ')}` : `; did you mean ${nearest}?`
  return {
    offset: keyOffset(document, path) ?? offsetOf(document, path),
    key: keyText(path),
    reason: `is not a known key${known.length === 0 ? '' : advice}`,
  }
}

function exists(document: Document, path: Path): boolean {
  return path.length === 0 ? document.contents !== null : document.hasIn(path)
}

/** Where the key stands; for a key that is not there, where the nearest thing above it stands. */
function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const offset = keyOffset(document, path.slice(0, length))
    if (offset !== undefined) return offset
  }
  return isNode(document.contents) ? (document.contents.range?.[0] ?? 0) : 0
}

function keyOffset(document: Document, path: Path): number | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)))
    return isNode(pair?.key) ? pair.key.range?.[0] : undefined
  }
  const node = document.getIn(path, true)
  return isNode(node) ? node.range?.[0] : undefined
}

function keyText(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return text === '' ? String(part) : `${text}.${String(part)}`
  }, '')
}
