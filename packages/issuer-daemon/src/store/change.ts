import type { Instant } from '@mayfly/ca-core'
import type { AuditRecord } from '../audit/audit-record.ts'
import type { BegunGeneration, IdentityRecord, NewIdentity } from './identity-record.ts'
import type { Intent, NewCertificate } from './issuance-record.ts'
import type { NewToken } from './token-record.ts'

/**
 * What the store can be told to do, with the guard of each. A part whose guard does not hold refuses
 * the whole change that it is in.
 */
export type ChangePart =
  /** Refused with `identity-taken` where the name exists. */
  | { readonly do: 'add-identity'; readonly identity: NewIdentity }
  /** Writes all of `next`; refused with `identity-moved` unless the stored version is still `next.version`. */
  | { readonly do: 'move-identity'; readonly next: IdentityRecord }
  | { readonly do: 'add-token'; readonly token: NewToken }
  /** Refused with `token-taken` where it is revoked, unknown or bound to another key. */
  | { readonly do: 'use-token'; readonly jti: string; readonly keyHash: string; readonly at: Instant }
  /** Refused with `token-taken` where it is unknown; revoking twice keeps the first time. */
  | { readonly do: 'revoke-token'; readonly jti: string; readonly at: Instant }
  /** Refused with `nonce-seen`. */
  | { readonly do: 'remember-nonce'; readonly nonce: string; readonly expiresAt: Instant }
  /**
   * Refused with `serial-taken` where the serial was ever used, with `key-taken` where the key has a
   * certificate or is about to, and with `clock-behind` where the store has seen a much later time.
   */
  | { readonly do: 'intend'; readonly intent: Intent }
  /**
   * Keeps the certificate, makes it the identity's newest, takes its key off the stage and, where it begins
   * a lineage, makes that the current one. Refused with `intent-gone` unless the intent is pending, and with
   * `identity-suspended` where the identity was suspended after the intent.
   *
   * With `begun`, what a sweep does to very many, it gives out the generation and uses the quota too, which a request
   * does with its intent; refused with `identity-moved` unless the stored version is still the one given.
   */
  | {
      readonly do: 'record'
      readonly certificate: NewCertificate
      readonly at: Instant
      readonly begun?: BegunGeneration
    }
  /** Gives up a pending intent; refused with `intent-gone` where it is not pending. */
  | { readonly do: 'burn'; readonly serial: string }
  | { readonly do: 'append-audit'; readonly record: AuditRecord }
  /** Keeps a text under a name, in place of the one before; without a text, forgets it. */
  | { readonly do: 'set-note'; readonly name: string; readonly text?: string }
  /** Notes that an intermediate's key may be in other hands; the first time stays. */
  | { readonly do: 'taint'; readonly fingerprint: string; readonly at: Instant }
  /** Refused with `authority-tainted` where the intermediate is: nothing of it is recorded any more. */
  | { readonly do: 'require-untainted'; readonly fingerprint: string }
  /** Forgets later times that the store has seen: the operator says that the clock is right now. */
  | { readonly do: 'accept-clock' }

/** Parts that are done together or not at all. */
export interface Change {
  /** The wall clock when it was decided; the store remembers the newest. */
  readonly at: Instant
  readonly parts: readonly ChangePart[]
}

export type ChangeRefusal =
  | 'identity-taken'
  | 'identity-moved'
  | 'token-taken'
  | 'nonce-seen'
  | 'serial-taken'
  | 'key-taken'
  | 'intent-gone'
  | 'identity-suspended'
  | 'clock-behind'
  | 'authority-tainted'

export type ChangeOutcome =
  | { readonly done: true }
  | { readonly done: false; readonly refused: ChangeRefusal }
