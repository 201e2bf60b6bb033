import type * as z from 'zod'
import type { ErrorCode } from '../errors/error-catalogue.ts'
import { MayflyError } from '../errors/mayfly-error.ts'
import { readJson, readJsonBytes } from './read-json.ts'

/** A message with more faults than this is not described further. */
const faultsMax = 5

/**
 * Checks a value from outside against a schema. The error names the places and the rules, never the values:
 * a message may carry a token.
 *
 * @throws MayflyError with `code`
 */
export function parseMessage<T>(schema: z.ZodType<T>, value: unknown, code: ErrorCode, what: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const faults = result.error.issues.slice(0, faultsMax).map(describeFault)
  throw new MayflyError(code, `${what} is not well formed: ${faults.join('; ')}.`, { details: { faults } })
}

/** The same for JSON: text, or its bytes. */
export function parseJsonMessage<T>(
  schema: z.ZodType<T>,
  json: string | Uint8Array,
  code: ErrorCode,
  what: string,
): T {
  return parseMessage(schema, requireJson(json, code, what), code, what)
}

function requireJson(json: string | Uint8Array, code: ErrorCode, what: string): unknown {
  const reading = typeof json === 'string' ? readJson(json) : readJsonBytes(json)
  switch (reading.is) {
    case 'read':
      return reading.value
    case 'broken':
      throw new MayflyError(code, `${what} is not JSON in UTF-8.`)
    case 'ambiguous':
      throw new MayflyError(code, `${what} has a member twice, or one whose name is written with an escape.`)
  }
}

function describeFault(issue: z.core.$ZodIssue): string {
  const place = issue.path.length === 0 ? 'the message' : issue.path.map(String).join('.')
  switch (issue.code) {
    case 'unrecognized_keys':
      // Names of members come from outside too: only how many, not which.
      return `${place} has ${issue.keys.length} unknown member(s)`
    case 'invalid_type':
      return `${place} should be ${issue.expected}`
    case 'invalid_value':
      return `${place} should be ${issue.values.map(String).join(' or ')}`
    case 'too_big':
      return `${place} ${describeBound('above', issue.origin, issue.maximum)}`
    case 'too_small':
      return `${place} ${describeBound('below', issue.origin, issue.minimum)}`
    case 'invalid_format':
      return `${place} ${issue.message}`
    default:
      return `${place} is wrong`
  }
}

/** What is beyond a limit: entries of a list, characters of a text, or a number. */
function describeBound(side: 'above' | 'below', origin: string, limit: number | bigint): string {
  if (origin === 'array') return `has ${side === 'above' ? 'more' : 'fewer'} entries than ${limit}`
  if (origin === 'string') return `has ${side === 'above' ? 'more' : 'fewer'} characters than ${limit}`
  return `is ${side === 'above' ? 'over' : 'under'} ${limit}`
}
