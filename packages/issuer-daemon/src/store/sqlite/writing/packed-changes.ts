import { encodeAuditRecord } from '../../../audit/audit-chain.ts'
import type { Change, ChangePart } from '../../change.ts'
import { toMovedValues } from '../../columns/identity-columns.ts'
import type { ColumnValue } from '../../columns/row.ts'
import type { IdentityRecord } from '../../identity-record.ts'
import type { Intent, StoredChain } from '../../issuance-record.ts'
import { FieldReader, FieldWriter } from './field-bytes.ts'
import type { IntentRow, MovedRowPart, RecordRowPart, RowChange, RowPart } from './row-change.ts'

/**
 * Changes on their way to another thread. What comes in masses is bytes, as the tables take them: a copy of all their
 * objects costs ten times as much, and what is read of one change is garbage before the next, and little.
 */
export interface PackedChanges {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** The same few for all certificates. */
  readonly chains: readonly StoredChain[]
  /** Of the few intermediates that must not be tainted. */
  readonly fingerprints: readonly string[]
}

/** How each part begins. */
const kinds = { intend: 1, record: 2, audit: 3, untainted: 4, move: 5, nonce: 6, other: 7 } as const

export function packChanges(changes: readonly Change[]): PackedChanges {
  const chains = new Places<StoredChain>(({ fingerprint }) => fingerprint)
  const fingerprints = new Places<string>((fingerprint) => fingerprint)
  const fields = new FieldWriter()
  for (const { at, parts } of changes) {
    fields.number(at)
    fields.count(parts.length)
    for (const part of parts) packPart(fields, part, { chains, fingerprints })
  }
  return { bytes: fields.bytes(), chains: chains.values, fingerprints: fingerprints.values }
}

/** Each change is read when it is its turn; they can be gone through again. */
export function unpackChanges(packed: PackedChanges): Iterable<RowChange> {
  return {
    *[Symbol.iterator]() {
      const fields = new FieldReader(packed.bytes)
      while (!fields.isAtEnd) {
        const at = fields.number()
        const parts: RowPart[] = []
        for (let left = fields.count(); left > 0; left--) parts.push(unpackPart(fields, packed))
        yield { at, parts }
      }
    },
  }
}

/** Few values that come again and again, by the order in which they first came. */
class Places<Value> {
  readonly values: Value[] = []
  readonly #places = new Map<string, number>()
  readonly #keyOf: (value: Value) => string

  constructor(keyOf: (value: Value) => string) {
    this.#keyOf = keyOf
  }

  of(value: Value): number {
    const key = this.#keyOf(value)
    const known = this.#places.get(key)
    if (known !== undefined) return known
    this.#places.set(key, this.values.length)
    return this.values.push(value) - 1
  }
}

interface Shared {
  readonly chains: Places<StoredChain>
  readonly fingerprints: Places<string>
}

function packPart(fields: FieldWriter, part: ChangePart, { chains, fingerprints }: Shared): void {
  switch (part.do) {
    case 'intend':
      fields.count(kinds.intend)
      packIntent(fields, part.intent)
      return
    case 'record':
      fields.count(kinds.record)
      packRecord(fields, part, chains.of(part.certificate.chain))
      return
    case 'append-audit':
      fields.count(kinds.audit)
      fields.ascii(encodeAuditRecord(part.record))
      return
    case 'require-untainted':
      fields.count(kinds.untainted)
      fields.count(fingerprints.of(part.fingerprint))
      return
    case 'move-identity':
      fields.count(kinds.move)
      packMove(fields, part.next)
      return
    case 'remember-nonce':
      fields.count(kinds.nonce)
      fields.hex(part.nonce)
      fields.number(part.expiresAt)
      return
    default:
      fields.count(kinds.other)
      fields.text(JSON.stringify(part))
  }
}

function unpackPart(fields: FieldReader, { chains, fingerprints }: PackedChanges): RowPart {
  switch (fields.count()) {
    case kinds.intend:
      return { do: 'intend', intent: unpackIntent(fields) }
    case kinds.record:
      return unpackRecord(fields, chains)
    case kinds.audit:
      return { do: 'append-audit', text: fields.ascii() }
    case kinds.untainted:
      return { do: 'require-untainted', fingerprint: fingerprints[fields.count()] ?? '' }
    case kinds.move:
      return unpackMove(fields)
    case kinds.nonce:
      return { do: 'remember-nonce', nonce: fields.run(), expiresAt: fields.number() }
    default:
      return JSON.parse(fields.text()) as RowPart
  }
}

function packIntent(fields: FieldWriter, intent: Intent): void {
  fields.hex(intent.serial)
  fields.hex(intent.keyHash)
  fields.number(intent.identityId)
  fields.number(intent.lineage)
  fields.number(intent.generation)
  fields.number(intent.parentGeneration)
  fields.number(intent.intendedAt)
  fields.number(intent.notAfter)
}

function unpackIntent(fields: FieldReader): IntentRow {
  return {
    serial: fields.run(),
    key: fields.run(),
    identityId: fields.number(),
    lineage: fields.number(),
    generation: fields.number(),
    parentGeneration: fields.number(),
    intendedAt: fields.number(),
    notAfter: fields.number(),
  }
}

type RecordPart = Extract<ChangePart, { do: 'record' }>

function packRecord(fields: FieldWriter, { certificate, at, begun }: RecordPart, chain: number): void {
  fields.hex(certificate.serial)
  fields.run(certificate.der)
  fields.number(certificate.notBefore)
  fields.number(certificate.notAfter)
  fields.number(certificate.renewAt)
  fields.count(chain)
  fields.number(at)
  fields.count(begun === undefined ? 0 : 1)
  if (begun === undefined) return
  fields.number(begun.version)
  fields.number(begun.newestGeneration)
  fields.number(begun.quota.day)
  fields.number(begun.quota.count)
}

const noChain: StoredChain = { fingerprint: '', pem: '' }

function unpackRecord(fields: FieldReader, chains: readonly StoredChain[]): RecordRowPart {
  const certificate = {
    serial: fields.run(),
    der: fields.run(),
    notBefore: fields.number(),
    notAfter: fields.number(),
    renewAt: fields.number(),
    chain: chains[fields.count()] ?? noChain,
  }
  const at = fields.number()
  if (fields.count() === 0) return { do: 'record', certificate, at }
  const [version, newestGeneration] = [fields.number(), fields.number()]
  const quota = { day: fields.number(), count: fields.number() }
  return { do: 'record', certificate, at, begun: { version, newestGeneration, quota } }
}

function packMove(fields: FieldWriter, next: IdentityRecord): void {
  fields.number(next.id)
  fields.number(next.version)
  const values = toMovedValues(next)
  fields.count(values.length)
  for (const value of values) fields.value(value)
}

function unpackMove(fields: FieldReader): MovedRowPart {
  const [id, version] = [fields.number(), fields.number()]
  const values: ColumnValue[] = []
  for (let left = fields.count(); left > 0; left--) values.push(fields.value())
  return { do: 'move-identity', id, version, values }
}
