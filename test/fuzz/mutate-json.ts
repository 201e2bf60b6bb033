import type { FuzzDice } from './fuzz-dice.ts'
import type { Mutation } from './fuzz-target.ts'
import { mutateBytes } from './mutate-bytes.ts'

/** Values at which checks go wrong. */
const hostile: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  '',
  '\u0000',
  '\u202eabc',
  'none',
  '../../etc',
  'x'.repeat(5_000),
  [],
  {},
  [[[[]]]],
  { toString: 1 },
]
const members = ['__proto__', 'constructor', 'toString', 'crit', 'b64', 'jwk', 'x5c', 'alg', 'header']

/** Changes one to three values inside JSON text; where it is none, its bytes. */
export const mutateJson: Mutation = (sample, other, dice) => {
  const value = parsed(sample)
  if (value === undefined) return mutateBytes(sample, other, dice)
  const root = { value }
  for (let left = 1 + dice.below(3); left > 0; left--) edit(root, parsed(other), dice)
  const text = JSON.stringify(root.value) ?? 'null'
  return Buffer.from(dice.below(8) === 0 ? withMemberTwice(text, dice) : text)
}

/** One name once more, with another value; sometimes inside a string, where it says nothing. */
function withMemberTwice(text: string, dice: FuzzDice): string {
  const members = [...text.matchAll(/("[^"\\]*"):/g)]
  if (members.length === 0) return text
  const { index, 1: name } = dice.pick(members)
  return `${text.slice(0, index)}${name}:${JSON.stringify(dice.pick(hostile))},${text.slice(index)}`
}

/** The same inside each part of a compact JWS, or of the members of a flattened one. */
export const mutateJws: Mutation = (sample, other, dice) => {
  const text = Buffer.from(sample).toString('latin1')
  const parts = [...text.matchAll(/[A-Za-z0-9_-]{16,}/g)]
  if (parts.length === 0) return mutateBytes(sample, other, dice)
  const part = dice.pick(parts)
  const inside = mutateJson(Buffer.from(part[0], 'base64url'), Buffer.from('{}'), dice)
  const changed = Buffer.from(inside).toString('base64url')
  return Buffer.from(text.slice(0, part.index) + changed + text.slice(part.index + part[0].length), 'latin1')
}

function edit(root: object, donor: unknown, dice: FuzzDice): void {
  const holder = dice.pick(holdersIn(root)) as Record<string, unknown>
  const keys = Object.keys(holder)
  const key = keys.length === 0 || dice.below(4) === 0 ? dice.pick(members) : dice.pick(keys)
  const inserted = dice.below(3) === 0 ? structuredClone(donor) : structuredClone(dice.pick(hostile))
  if (dice.below(5) === 0 && Array.isArray(holder) === false) delete holder[key]
  // `__proto__` as a member of its own, as JSON.parse makes it.
  else
    Object.defineProperty(holder, key, {
      value: inserted,
      enumerable: true,
      writable: true,
      configurable: true,
    })
}

function holdersIn(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return []
  return [value, ...Object.values(value).flatMap(holdersIn)]
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
}
