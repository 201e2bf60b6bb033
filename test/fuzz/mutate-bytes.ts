import type { FuzzDice } from './fuzz-dice.ts'
import type { Mutation } from './fuzz-target.ts'

/** Octets at which readers go wrong: signs, lengths, tags of the other kind. */
const telling = [
  0x00, 0x01, 0x02, 0x05, 0x06, 0x1f, 0x30, 0x31, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xa0, 0xa3, 0xff,
]

const edits: readonly Mutation[] = [
  (bytes, _other, dice) => withByte(bytes, dice.below(bytes.length), dice.below(256)),
  (bytes, _other, dice) => withByte(bytes, dice.below(bytes.length), dice.pick(telling)),
  (bytes, _other, dice) => {
    const at = dice.below(bytes.length)
    return withByte(bytes, at, (bytes[at] ?? 0) ^ (1 << dice.below(8)))
  },
  (bytes, _other, dice) => splice(bytes, dice.below(bytes.length), 0, Uint8Array.of(dice.pick(telling))),
  (bytes, _other, dice) => splice(bytes, dice.below(bytes.length), 1 + dice.below(4), new Uint8Array()),
  (bytes, _other, dice) => bytes.slice(0, dice.below(bytes.length)),
  (bytes, other, dice) => {
    const from = dice.below(other.length)
    const piece = other.subarray(from, from + 1 + dice.below(64))
    return splice(bytes, dice.below(bytes.length), dice.below(2) * piece.length, piece)
  },
  (bytes, _other, dice) => {
    const from = dice.below(bytes.length)
    return splice(bytes, dice.below(bytes.length), 0, bytes.subarray(from, from + 1 + dice.below(32)))
  },
]

/** One to four edits of single bytes and pieces, blind to what they mean. */
export const mutateBytes: Mutation = (sample, other, dice) => {
  let bytes = sample
  for (let left = 1 + dice.below(4); left > 0 && bytes.length > 0; left--) {
    bytes = dice.pick(edits)(bytes, other, dice)
  }
  return bytes
}

export function splice(bytes: Uint8Array, at: number, removed: number, inserted: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + removed)])
}

function withByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const changed = Uint8Array.from(bytes)
  changed[at] = value
  return changed
}

/** Puts one of two mutations to work, evenly. */
export function either(one: Mutation, another: Mutation): Mutation {
  return (sample, other, dice: FuzzDice) => (dice.below(2) === 0 ? one : another)(sample, other, dice)
}
