import type { Instant } from '@mayfly/ca-core'
import { encodeAuditRecord } from '../../../audit/audit-chain.ts'
import type { Change, ChangePart } from '../../change.ts'
import { hexToBlob } from '../../columns/blob.ts'
import { toMovedValues } from '../../columns/identity-columns.ts'
import type { ColumnValue } from '../../columns/row.ts'
import type { BegunGeneration } from '../../identity-record.ts'
import type { Intent, NewCertificate } from '../../issuance-record.ts'

/** An intent as its columns take it. */
export interface IntentRow extends Omit<Intent, 'serial' | 'keyHash'> {
  readonly serial: Uint8Array
  readonly key: Uint8Array
}

/** A certificate as its columns take it, but for its chain, whose row is looked up. */
export interface CertificateRow extends Omit<NewCertificate, 'serial'> {
  readonly serial: Uint8Array
}

export interface RecordRowPart {
  readonly do: 'record'
  readonly certificate: CertificateRow
  readonly at: Instant
  readonly begun?: BegunGeneration
}

/** An identity as the columns take it that may move, in their order. */
export interface MovedRowPart {
  readonly do: 'move-identity'
  readonly id: number
  /** On which it was decided. */
  readonly version: number
  readonly values: readonly ColumnValue[]
}

export interface NonceRowPart {
  readonly do: 'remember-nonce'
  readonly nonce: Uint8Array
  readonly expiresAt: Instant
}

type Translated = 'intend' | 'record' | 'append-audit' | 'move-identity' | 'remember-nonce'

/** A part of a change, what comes in masses with its values as they are stored. */
export type RowPart =
  | Exclude<ChangePart, { do: Translated }>
  | { readonly do: 'intend'; readonly intent: IntentRow }
  | RecordRowPart
  | MovedRowPart
  | NonceRowPart
  | { readonly do: 'append-audit'; readonly text: string }

/** A change that a transaction can take as it is: what can be done before, in another thread, is done. */
export interface RowChange {
  readonly at: Instant
  readonly parts: readonly RowPart[]
}

export function toRowChange({ at, parts }: Change): RowChange {
  return { at, parts: parts.map(toRowPart) }
}

function toRowPart(part: ChangePart): RowPart {
  switch (part.do) {
    case 'intend': {
      const { serial, keyHash, ...rest } = part.intent
      return { do: 'intend', intent: { ...rest, serial: hexToBlob(serial), key: hexToBlob(keyHash) } }
    }
    case 'record': {
      const { certificate } = part
      const serial = hexToBlob(certificate.serial)
      return { ...part, certificate: { ...certificate, serial } }
    }
    case 'append-audit':
      return { do: 'append-audit', text: encodeAuditRecord(part.record) }
    case 'move-identity':
      return {
        do: 'move-identity',
        id: part.next.id,
        version: part.next.version,
        values: toMovedValues(part.next),
      }
    case 'remember-nonce':
      return { ...part, nonce: hexToBlob(part.nonce) }
    default:
      return part
  }
}
