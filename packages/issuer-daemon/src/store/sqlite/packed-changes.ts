import type { Change, ChangePart } from '../change.ts'
import type { StoredChain } from '../issuance-record.ts'

/**
 * Changes on their way to another thread, as one text with a line for each: that takes a fifth of what a copy of all
 * their objects does, and what is read of a line is garbage before the next.
 */
export interface PackedChanges {
  readonly count: number
  readonly lines: string
  /** The same few for all certificates. */
  readonly chains: readonly StoredChain[]
}

export function packChanges(changes: readonly Change[]): PackedChanges {
  const chains = new Map<string, { readonly chain: StoredChain; readonly place: number }>()
  const placeOf = (chain: StoredChain): number => {
    const known = chains.get(chain.fingerprint)
    if (known !== undefined) return known.place
    const place = chains.size
    chains.set(chain.fingerprint, { chain, place })
    return place
  }
  const lines = changes.map(({ at, parts }) =>
    JSON.stringify({ at, parts: parts.map((part) => packPart(part, placeOf)) }),
  )
  return {
    count: changes.length,
    lines: lines.join('\n'),
    chains: [...chains.values()].map(({ chain }) => chain),
  }
}

/** Each change is read when it is its turn; they can be gone through again. */
export function unpackChanges({ lines, chains }: PackedChanges): Iterable<Change> {
  return {
    *[Symbol.iterator]() {
      for (let start = 0; start < lines.length; ) {
        const found = lines.indexOf('\n', start)
        const end = found === -1 ? lines.length : found
        const { at, parts } = JSON.parse(lines.slice(start, end)) as PackedChange
        yield { at, parts: parts.map((part) => unpackPart(part, chains)) }
        start = end + 1
      }
    },
  }
}

interface PackedChange {
  readonly at: Change['at']
  readonly parts: readonly PackedPart[]
}

type RecordPart = Extract<ChangePart, { do: 'record' }>
type MovePart = Extract<ChangePart, { do: 'move-identity' }>

/** A part whose bytes are text, base64, and whose chain is its place among the chains. */
type PackedPart =
  | Exclude<ChangePart, RecordPart | MovePart>
  | { readonly do: 'record'; readonly part: RecordPart; readonly der: string; readonly chain: number }
  | { readonly do: 'move-identity'; readonly part: MovePart; readonly spki?: string }

const none = new Uint8Array()
const noChain: StoredChain = { fingerprint: '', pem: '' }

function packPart(part: ChangePart, placeOf: (chain: StoredChain) => number): PackedPart {
  if (part.do === 'record') {
    const { der, chain } = part.certificate
    const certificate = { ...part.certificate, der: none, chain: noChain }
    return { do: 'record', part: { ...part, certificate }, der: toText(der), chain: placeOf(chain) }
  }
  if (part.do !== 'move-identity') return part
  const { staged } = part.next
  if (staged === undefined) return { do: 'move-identity', part }
  const next = { ...part.next, staged: { ...staged, spki: none } }
  return { do: 'move-identity', part: { ...part, next }, spki: toText(staged.spki) }
}

function unpackPart(packed: PackedPart, chains: readonly StoredChain[]): ChangePart {
  if (packed.do === 'record') {
    const { part, der } = packed
    const chain = chains[packed.chain] ?? noChain
    return { ...part, certificate: { ...part.certificate, der: Buffer.from(der, 'base64'), chain } }
  }
  if (packed.do !== 'move-identity') return packed
  const { part, spki } = packed
  const { staged } = part.next
  if (staged === undefined || spki === undefined) return part
  return { ...part, next: { ...part.next, staged: { ...staged, spki: Buffer.from(spki, 'base64') } } }
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
