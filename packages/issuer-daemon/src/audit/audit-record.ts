import type { Instant } from '@mayfly/ca-core'

/** Who asked, as far as was proved. */
export type Actor =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'token'; readonly jti: string; readonly identity: string }
  | {
      readonly kind: 'lineage'
      readonly identity: string
      readonly lineage: number
      readonly generation: number
    }
  /** Without a name it is the owner of the issuer. */
  | { readonly kind: 'admin'; readonly name?: string }
  /** The issuer itself: the sweep, its own certificate, recovery at the start. */
  | { readonly kind: 'issuer' }

/** What came of an attempt; `begun` is written with an intent, before anything is signed. */
export type AuditOutcome = 'begun' | 'issued' | 'scheduled' | 'done' | 'refused' | 'failed'

/** What every attempt leaves. Facts only; the text form is made by `encodeAuditRecord`. */
export interface AuditRecord {
  readonly at: Instant
  readonly requestId: string
  /** What was tried, such as `enroll`, `request`, `token.create`. */
  readonly action: string
  readonly actor: Actor
  readonly outcome: AuditOutcome
  /** The error code of a refusal, or why something was done. */
  readonly reason?: string
  readonly address?: string
  /** The relay that told of the address. */
  readonly relay?: string
  /** The identity that it was about. */
  readonly identity?: string
  readonly generation?: number
  readonly serial?: string
  readonly details?: Readonly<Record<string, string | number | boolean | readonly string[]>>
}
