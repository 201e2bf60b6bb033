import type { Instant } from '@mayfly/ca-core'
import type { IdentityRecord, NewIdentity } from '../identity-record.ts'
import type { IssuanceRecord, NewCertificate } from '../issuance-record.ts'
import type { TokenRecord } from '../token-record.ts'

/**
 * All rows that the guards of a batch of changes look at, by their keys. The same shape before and after the
 * batch: what differs is what is to be written.
 */
export interface KnownRows {
  readonly identities: Map<number, IdentityRecord>
  /** Names that are taken; with the identity where this batch takes them. */
  readonly names: Map<string, NewIdentity | 'stored'>
  readonly tokens: Map<string, TokenRecord>
  /** Nonces that were seen, with the end of their time where this batch saw them first. */
  readonly nonces: Map<string, Instant | 'stored'>
  /** By serial. */
  readonly issuances: Map<string, IssuanceRecord>
  /** Serials by the keys that have a certificate or are about to. */
  readonly keys: Map<string, string>
  /** Certificates of this batch, by serial. */
  readonly certificates: Map<string, NewCertificate>
  /** Notes that this batch sets or, with `null`, forgets. */
  readonly notes: Map<string, string | null>
  /** When intermediates were tainted, by fingerprint. */
  readonly taints: Map<string, Instant>
}

export function copyRows(rows: KnownRows): KnownRows {
  return {
    identities: new Map(rows.identities),
    names: new Map(rows.names),
    tokens: new Map(rows.tokens),
    nonces: new Map(rows.nonces),
    issuances: new Map(rows.issuances),
    keys: new Map(rows.keys),
    certificates: new Map(rows.certificates),
    notes: new Map(rows.notes),
    taints: new Map(rows.taints),
  }
}

/** Entries that are new or other than before. */
export function changedEntries<Key, Value>(
  before: ReadonlyMap<Key, Value>,
  after: ReadonlyMap<Key, Value>,
): [Key, Value][] {
  return [...after].filter(([key, value]) => before.get(key) !== value)
}
