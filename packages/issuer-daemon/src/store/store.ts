import type { Instant } from '@mayfly/ca-core'
import type { AuditLink, ChainedAuditRecord } from '../audit/audit-chain.ts'
import type { Change, ChangeOutcome } from './change.ts'
import type { FleetFigures } from './fleet-figures.ts'
import type { DueIdentity, IdentityRecord } from './identity-record.ts'
import type { CertificateRecord, IssuanceRecord } from './issuance-record.ts'
import type { ChainUse, Taint } from './taint.ts'
import type { TokenRecord } from './token-record.ts'

/** How far behind the newest time that it has seen a store still lets certificates be intended. */
export const clockBehindSecondsMax = 300

/** How long an issuer may be at work on something where nobody says otherwise: its own part takes milliseconds. */
export const defaultLeaseSeconds = 300

/**
 * What an issuer remembers, as a port.
 *
 * Decisions are made outside, on records read before, and written with `commit`, whose guards refuse a
 * decision that was overtaken. So any number of requests, and of issuers where the store is shared, may
 * work side by side. Every method rejects with `store-unavailable` where the store cannot be reached or
 * written; what was asked for may then be done or not, and is never half done.
 */
export interface Store {
  /** Whether other processes may write here too; then an intent of theirs is pending, not abandoned. */
  readonly shared: boolean
  /** After so long nobody is at work any more on what was claimed or intended, and others take it over. */
  readonly leaseSeconds: number

  /**
   * Applies each change as a whole, in order, and resolves when all are durable. One refused change leaves
   * the others untouched. Changes that wait at the same time share transactions.
   */
  commit(changes: readonly Change[]): Promise<readonly ChangeOutcome[]>

  identity(by: { readonly name: string } | { readonly id: number }): Promise<IdentityRecord | undefined>
  /** Ordered by name, from after the name given. */
  identities(page: IdentityPage): Promise<readonly IdentityRecord[]>
  token(jti: string): Promise<TokenRecord | undefined>
  /** Newest first, before the creation given. */
  tokens(page: TokenPage): Promise<readonly TokenRecord[]>
  /** The line of the log for a key that has a certificate or is about to get one; burnt ones are no answer. */
  issuance(keyHash: string): Promise<IssuanceRecord | undefined>
  certificate(
    by: { readonly keyHash: string } | { readonly serial: string },
  ): Promise<CertificateRecord | undefined>
  /** Intents set down before that time and neither recorded nor burnt, oldest first. */
  pendingIntents(page: {
    readonly intendedBefore: Instant
    readonly limit: number
  }): Promise<readonly IssuanceRecord[]>
  /**
   * Identities with a staged key whose `mintAt` is at or before `until`, ordered by `mintAt` and id, from after
   * the one given. A shared store gives each of them to one issuer at a time.
   */
  claimDue(page: DuePage): Promise<readonly DueIdentity[]>
  /** The tainted intermediates, oldest taint first. */
  taints(): Promise<readonly Taint[]>
  /**
   * Identities whose newest certificate is under a tainted intermediate, and whose staged key is due only after
   * `dueAfter`. Looks at the next `limit` ids and says where to go on, if there is more.
   */
  stagedUnderTaint(page: UnderTaintPage): Promise<UnderTaint>
  /** The intermediates that have issued, with what lives under them at `now`. */
  chains(now: Instant): Promise<readonly ChainUse[]>
  /** Audit records in their order, from after the number given. */
  auditRecords(page: {
    readonly afterNumber: number
    readonly limit: number
  }): Promise<readonly ChainedAuditRecord[]>
  /** The end of the history; `auditChainOrigin` before the first record. */
  auditEnd(): Promise<AuditLink>
  /** The text that was set last under that name. */
  note(name: string): Promise<string | undefined>
  /** The newest time that the store has seen; `undefined` before the first change. */
  newestInstant(): Promise<Instant | undefined>
  /** For status and metrics; nothing in it takes longer as the histories grow. */
  counts(now: Instant): Promise<StoreCounts>
  /** What is known of all hosts together. */
  fleet(now: Instant): Promise<FleetFigures>
  /** What the store takes on its disk. */
  sizeBytes(): Promise<number>
  /** Of that, what is durable in a log of its own and not in its file yet; 0 for a database that sees to its log itself. */
  logBytes(): Promise<number>
  /** Packs the oldest records of the audit if it is their time (`planSegment`), and tells how many; 0 if it is not. */
  packAudit(now: Instant): Promise<number>
  /** Removes at most `limit` of each kind of what is no longer needed, and tells how much that was. */
  prune(what: PruneBounds): Promise<number>
  close(): Promise<void>
}

export interface IdentityPage {
  readonly afterName?: string
  readonly limit: number
  readonly suspended?: boolean
}

export interface TokenPage {
  readonly before?: { readonly createdAt: Instant; readonly jti: string }
  readonly limit: number
}

export interface DuePage {
  readonly until: Instant
  readonly after?: { readonly mintAt: Instant; readonly id: number }
  readonly limit: number
}

export interface UnderTaintPage {
  readonly dueAfter: Instant
  readonly afterId: number
  readonly limit: number
}

export interface UnderTaint {
  readonly identities: readonly IdentityRecord[]
  /** Absent at the end. */
  readonly nextAfterId?: number
}

export interface StoreCounts {
  readonly identities: number
  readonly suspended: number
  readonly staged: number
  /** Staged, and `mintAt` is past. */
  readonly overdue: number
  readonly certificates: number
  readonly issued: number
  readonly burnt: number
  readonly openTokens: number
  readonly auditRecords: number
  /** The newest time that the store has seen; `undefined` before the first change. */
  readonly newestInstant?: Instant
}

export interface PruneBounds {
  /**
   * Certificates that ended before go; their lines in the log of issuance stay. The newest ones of an
   * identity, with which it may still ask, stay until `recoverableBefore`.
   */
  readonly expiredBefore: Instant
  readonly recoverableBefore: Instant
  readonly noncesBefore: Instant
  /** Tokens that expired before go; by then their keys are in the log of issuance. */
  readonly tokensBefore: Instant
  /**
   * Packed audit records from before go, a segment at a time. The last one of them stays as an anchor without its
   * text, so that what follows is still chained to something.
   */
  readonly auditBefore?: Instant
  readonly limit: number
}
