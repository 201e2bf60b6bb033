import type { FuzzDice } from './fuzz-dice.ts'
import type { Mutation } from './fuzz-target.ts'
import { mutateBytes } from './mutate-bytes.ts'

/** A value taken apart so loosely that a changed one can be put together again, right or wrong. */
interface LooseValue {
  tag: number
  content: Uint8Array
  children: LooseValue[] | undefined
  /** How its length is written: as DER does, longer than needed, or indefinite. */
  length: 'minimal' | 'padded' | 'indefinite'
}

const tags = [
  0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x16, 0x17, 0x18, 0x30, 0x31, 0x80, 0x81, 0x82, 0x86, 0x87,
  0xa0, 0xa3,
]
const depthMax = 12

/** One to three edits of whole values, with every length around them put right: what a forger would send. */
export const mutateDer: Mutation = (sample, other, dice) => {
  const root = take(sample, 0, 0)?.value
  const donor = take(other, 0, 0)?.value
  if (root === undefined || donor === undefined) return mutateBytes(sample, other, dice)
  for (let left = 1 + dice.below(3); left > 0; left--) edit(root, donor, dice)
  return put(root)
}

function edit(root: LooseValue, donor: LooseValue, dice: FuzzDice): void {
  const value = dice.pick(allOf(root))
  const from = dice.pick(allOf(donor))
  const children = value.children
  switch (dice.below(9)) {
    case 0:
      value.tag = dice.pick(tags)
      return
    case 1:
      value.length = dice.pick(['padded', 'indefinite'] as const)
      return
    case 2:
      if (children === undefined) value.content = mutateBytes(value.content, from.content, dice)
      else if (children.length > 0) children.splice(dice.below(children.length), 1)
      return
    case 3:
      children?.splice(dice.below(children.length + 1), 0, structuredClone(from))
      return
    case 4:
      if (children !== undefined && children.length > 0) children.push(structuredClone(dice.pick(children)))
      return
    case 5:
      if (children !== undefined) children.reverse()
      return
    case 6:
      Object.assign(value, structuredClone(from))
      return
    case 7:
      Object.assign(value, { children: [structuredClone(value)], tag: 0x30 })
      return
    default:
      if (children === undefined) value.content = Uint8Array.of(0, ...value.content)
  }
}

function allOf(value: LooseValue): LooseValue[] {
  return [value, ...(value.children ?? []).flatMap(allOf)]
}

function take(bytes: Uint8Array, at: number, depth: number): { value: LooseValue; end: number } | undefined {
  const [tag, first] = [bytes[at], bytes[at + 1]]
  if (tag === undefined || first === undefined || depth > depthMax) return undefined
  const count = first < 0x80 ? 0 : first & 0x7f
  if (count > 3) return undefined
  let length = count === 0 ? first : 0
  for (let i = 0; i < count; i++) length = length * 256 + (bytes[at + 2 + i] ?? 0)
  const start = at + 2 + count
  const end = start + length
  if (end > bytes.length) return undefined
  const content = bytes.slice(start, end)
  // OCTET STRINGs of extensions hold DER too.
  const children = (tag & 0x20) !== 0 || tag === 0x04 ? takeAll(content, depth + 1) : undefined
  return { value: { tag, content, children, length: 'minimal' }, end }
}

function takeAll(content: Uint8Array, depth: number): LooseValue[] | undefined {
  const values: LooseValue[] = []
  for (let at = 0; at < content.length; ) {
    const taken = take(content, at, depth)
    if (taken === undefined) return undefined
    values.push(taken.value)
    at = taken.end
  }
  return values
}

function put({ tag, content, children, length }: LooseValue): Uint8Array {
  const inside = children === undefined ? content : Buffer.concat(children.map(put))
  if (length === 'indefinite') return Buffer.concat([Uint8Array.of(tag, 0x80), inside, Uint8Array.of(0, 0)])
  const digits: number[] = []
  for (let rest = inside.length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256)
  if (length === 'padded')
    return Buffer.concat([Uint8Array.of(tag, 0x81 + digits.length, 0, ...digits), inside])
  const octets = inside.length < 0x80 ? [inside.length] : [0x80 | digits.length, ...digits]
  return Buffer.concat([Uint8Array.of(tag, ...octets), inside])
}
