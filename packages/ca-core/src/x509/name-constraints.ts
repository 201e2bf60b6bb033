import { type DerElement, parseDer } from '../der/der-element.ts'
import { derInvalid } from '../der/der-invalid.ts'
import { contextTag, contextTagConstructed } from '../der/der-tags.ts'
import { fieldsOf } from '../der/der-values.ts'
import { encodeContextConstructed, encodeContextPrimitive, encodeSequence } from '../der/der-writer.ts'
import type { Name, NameType } from '../names/name.ts'
import {
  decodeNetwork,
  encodeNetwork,
  formatNameRange,
  type NameRange,
  nameRangeOf,
  rangeHolds,
} from '../names/name-range.ts'

/** RFC 5280 4.2.1.10. */
export interface NameConstraints {
  readonly permitted: readonly NameRange[]
  readonly excluded: readonly NameRange[]
}

/** More would make every verification of a chain slow. */
export const nameRangesMax = 64

/** Every IP address there is, for exclusion. */
const allAddresses: readonly NameRange[] = [
  { type: 'ip', value: '0.0.0.0/0' },
  { type: 'ip', value: '::/0' },
]

const tagNumbers: Record<NameType, number> = { email: 1, dns: 2, uri: 6, ip: 7 }

/**
 * RFC 5280 4.2.1.10: a constraint on DNS names leaves IP addresses unconstrained. So where DNS names
 * are permitted and no IP address is, all addresses are excluded.
 */
export function closeAddressGap(constraints: NameConstraints): NameConstraints {
  if (!leavesAddressesOpen(constraints)) return constraints
  const missing = allAddresses.filter(
    (range) => !constraints.excluded.some(({ value }) => value === range.value),
  )
  return { ...constraints, excluded: [...constraints.excluded, ...missing] }
}

/** Whether DNS names are constrained to some domains while addresses are neither listed nor all excluded. */
export function leavesAddressesOpen({ permitted, excluded }: NameConstraints): boolean {
  const constrainsDns = permitted.some(({ type }) => type === 'dns')
  const listsAddresses = permitted.some(({ type }) => type === 'ip')
  const excludesAll = allAddresses.every((range) => excluded.some(({ value }) => value === range.value))
  return constrainsDns && !listsAddresses && !excludesAll
}

/** The names that the constraints forbid, each with the reason. */
export function namesForbidden(constraints: NameConstraints, names: readonly Name[]): string[] {
  return names.flatMap((name) => {
    const shown = `${name.type}:${name.value}`
    const excluded = constraints.excluded.find(
      (range) => rangeHolds(range, name) || wildcardMeets(range, name),
    )
    if (excluded !== undefined) return [`${shown} is excluded by ${formatNameRange(excluded)}`]
    const relevant = constraints.permitted.filter(({ type }) => type === name.type)
    const allowed = relevant.length === 0 || relevant.some((range) => rangeHolds(range, name))
    return allowed ? [] : [`${shown} is in none of ${relevant.map(formatNameRange).join(', ')}`]
  })
}

export function encodeNameConstraints({ permitted, excluded }: NameConstraints): Uint8Array {
  if (permitted.length + excluded.length === 0)
    throw new TypeError('name constraints must constrain something')
  return encodeSequence(...encodeSubtrees(0, permitted), ...encodeSubtrees(1, excluded))
}

/** Kinds of names that Mayfly does not know are refused, as RFC 5280 4.2.1.10 asks. Throws `der-invalid` or `name-invalid`. */
export function parseNameConstraints(value: Uint8Array): NameConstraints {
  const fields = fieldsOf(parseDer(value))
  const permitted = parseSubtrees(fields.takeIf(contextTagConstructed(0)))
  const excluded = parseSubtrees(fields.takeIf(contextTagConstructed(1)))
  fields.end()
  const count = permitted.length + excluded.length
  if (count === 0 || count > nameRangesMax)
    throw derInvalid(`there must be 1 to ${nameRangesMax} name constraints`)
  return { permitted, excluded }
}

/** `*.example` may become a name inside an excluded `a.example`, so it meets that exclusion. */
function wildcardMeets(range: NameRange, name: Name): boolean {
  if (range.type !== 'dns' || name.type !== 'dns' || !name.value.startsWith('*.')) return false
  const parent = name.value.slice(1)
  const rest = range.value.endsWith(parent) ? range.value.slice(0, -parent.length) : '.'
  return !rest.includes('.')
}

function encodeSubtrees(number: number, ranges: readonly NameRange[]): Uint8Array[] {
  if (ranges.length === 0) return []
  return [encodeContextConstructed(number, ...ranges.map((range) => encodeSequence(encodeBase(range))))]
}

function encodeBase(range: NameRange): Uint8Array {
  const content = range.type === 'ip' ? encodeNetwork(range.value) : Buffer.from(range.value, 'latin1')
  return encodeContextPrimitive(tagNumbers[range.type], content)
}

function parseSubtrees(element: DerElement | undefined): NameRange[] {
  return (element?.children ?? []).map((subtree) => {
    // RFC 5280 4.2.1.10: minimum is zero (so it is left out) and maximum absent.
    const fields = fieldsOf(subtree)
    const base = fields.takeAny()
    fields.end()
    return parseBase(base)
  })
}

function parseBase({ tag, content }: DerElement): NameRange {
  if (tag === contextTag(tagNumbers.ip)) return { type: 'ip', value: decodeNetwork(content) }
  const type = (['dns', 'uri', 'email'] as const).find(
    (candidate) => contextTag(tagNumbers[candidate]) === tag,
  )
  if (type === undefined)
    throw derInvalid('a name constraint of a kind that is none of dns, ip, uri and email')
  return nameRangeOf(type, Buffer.from(content).toString('latin1'))
}
