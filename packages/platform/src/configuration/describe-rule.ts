import { isMap, isScalar, isSeq } from 'yaml'
import type * as z from 'zod'

/** How zod begins what it says itself, for programmers; any other message is of the schema's author. */
const ownWords = /^(?:Invalid (?:input|option): expected|Too (?:small|big): expected) /

const typeWords: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a section of keys',
  record: 'a section of keys',
  null: 'empty',
}

/** What the rule asks for that `issue` says was broken, in words for whoever writes the file. */
export function describeRule(issue: z.core.$ZodIssue, found: unknown): string {
  if (!ownWords.test(issue.message)) return lowerFirst(issue.message)
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${typeWords[issue.expected] ?? issue.expected}, and is ${typeWordOf(found)}`
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`
    case 'too_small':
      return bound('at least', issue.minimum, issue.origin)
    case 'too_big':
      return bound('at most', issue.maximum, issue.origin)
    default:
      return lowerFirst(issue.message)
  }
}

function bound(side: string, limit: number | bigint, origin: string): string {
  const plural = limit === 1 ? '' : 's'
  if (origin === 'array') return `must have ${side} ${limit} ${limit === 1 ? 'entry' : 'entries'}`
  if (origin === 'string') return `must have ${side} ${limit} character${plural}`
  return `must be ${side} ${limit}`
}

/** A value of a YAML document, or a node of it. */
function typeWordOf(found: unknown): string {
  const value = isScalar(found) ? found.value : found
  if (value === null || value === undefined) return 'empty'
  if (isSeq(value)) return 'a list'
  if (isMap(value)) return 'a section of keys'
  return typeWords[typeof value] ?? typeof value
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
