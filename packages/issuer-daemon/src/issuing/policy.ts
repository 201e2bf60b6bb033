import type { KeyType } from '@mayfly/ca-core'

/** What the operator decided, for all identities. */
export interface Policy {
  /** `https://host:port`, as tokens carry it and requests are signed for. */
  readonly issuerUrl: string
  readonly lifetimeSeconds: number
  readonly cycleSeconds: number
  /** How long after its end a certificate may still ask for its successor. */
  readonly recoveryWindowSeconds: number
  readonly keyTypes: readonly KeyType[]
  readonly tokenLifetimeSeconds: number
  /** Certificates that one identity may get on one day (UTC). */
  readonly dailyQuota: number
  /** How long expired certificates are kept in full; those with which an identity may still ask, for its recovery window at least. */
  readonly retentionSeconds: number
  /** How long audit records are kept, at least `auditRetentionSecondsMin`; for ever where absent. */
  readonly auditRetentionSeconds?: number
  /** Certificates that a sweep mints in one batch. */
  readonly sweepChunk: number
}
