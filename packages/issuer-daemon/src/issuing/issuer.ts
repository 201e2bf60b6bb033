import type {
  Instant,
  IssuedAnswer,
  IssuerAnswer,
  Name,
  ProfileName,
  PublicKey,
  Report,
} from '@mayfly/ca-core'
import type { AdminRights } from '../admin/admin-rights.ts'
import type { KeptAlarmKind } from '../alarms/kept-alarms.ts'
import type { AttemptOpening, AuditAttempt } from '../audit/audit-attempt.ts'
import type { AuditEndView, AuditRecordView } from '../audit/read-audit.ts'
import type { RestoredNote } from '../backup/restore-notes.ts'
import type { AppliedIdentities, ApplyIdentitiesOrder } from '../identities/apply-identities.ts'
import type { IdentityView } from '../identities/identity-view.ts'
import type { IdentityList, IdentityListOrder } from '../identities/list-identities.ts'
import type { Resumed } from '../identities/resume-identity.ts'
import type { IssuanceRecord } from '../store/issuance-record.ts'
import type { SweepReport } from '../sweep/sweep-report.ts'
import type { CreatedToken } from '../tokens/create-token.ts'
import type { TokenView } from '../tokens/token-view.ts'
import type { ActivatedAuthority, TaintedAuthority } from './intermediates/taint-authority.ts'
import type { OwnLeaf } from './issuer-ports.ts'
import type { IssuerStatus } from './issuer-status.ts'
import type { Caller, LineageContext, SecurityContext } from './security-context.ts'

/** The use cases of the issuer, each a function in a file of its own. */
export interface Issuer {
  /**
   * Gives up the intents that a crash left, in the store and in the audit, and takes up what else outlived it. Call
   * it once, before anything else.
   */
  recover(): Promise<readonly IssuanceRecord[]>
  /**
   * Marks how far the history went, as each sweep does: whoever puts an older store into its place later is found out.
   * Call it soon after what was written, and last of all.
   */
  markHistory(): Promise<void>

  openAudit(opening: AttemptOpening): AuditAttempt
  authenticateToken(token: string, caller: Caller): Promise<SecurityContext>
  /** `jws` as it came; `url` is the one that it must have been signed for. */
  authenticateRequest(jws: unknown, url: string, caller: Caller): Promise<SecurityContext>

  /** Needs a `token` context; anything else throws its error or `request-unauthenticated`. */
  enroll(
    body: { readonly csr: string; readonly report?: Report },
    context: SecurityContext,
    attempt: AuditAttempt,
  ): Promise<IssuedAnswer>
  /** Needs a `lineage` context; the body is in it. */
  submitRequest(context: SecurityContext | LineageContext, attempt: AuditAttempt): Promise<IssuerAnswer>
  /** The chain for a key, leaf first, or `undefined` while there is none. */
  certificate(keyHash: string): Promise<{ readonly chainPem: string } | undefined>
  /** Mints what is due up to `until`: the time of the next sweep. */
  sweep(options: { readonly until: Instant; readonly signal?: AbortSignal }): Promise<SweepReport>
  /** Certificate for a key of the issuer's own, such as its TLS key. */
  mintOwn(options: {
    readonly name: string
    readonly names: readonly Name[]
    readonly publicKey: PublicKey
  }): Promise<OwnLeaf>

  /** Here and below: without rights it is the owner who asks. */
  addIdentity(
    identity: { readonly name: string; readonly profile: ProfileName; readonly names: readonly string[] },
    attempt: AuditAttempt,
    rights?: AdminRights,
  ): Promise<IdentityView>
  /** Makes all identities what was declared, or none. */
  applyIdentities(
    order: ApplyIdentitiesOrder,
    attempt: AuditAttempt,
    rights?: AdminRights,
  ): Promise<AppliedIdentities>
  /** One page; ask after `next` for the one behind it. */
  listIdentities(order?: IdentityListOrder, rights?: AdminRights): Promise<IdentityList>
  showIdentity(name: string, rights?: AdminRights): Promise<IdentityView>
  suspendIdentity(name: string, attempt: AuditAttempt, rights?: AdminRights): Promise<IdentityView>
  resumeIdentity(name: string, attempt: AuditAttempt, rights?: AdminRights): Promise<Resumed>

  /** Adds the identity where there is none and `names` are given. */
  createToken(
    options: {
      readonly identity: string
      readonly profile?: ProfileName
      readonly names?: readonly string[]
      readonly lifetimeSeconds?: number
    },
    attempt: AuditAttempt,
    rights?: AdminRights,
  ): Promise<CreatedToken>
  listTokens(rights?: AdminRights): Promise<readonly TokenView[]>
  revokeToken(jti: string, attempt: AuditAttempt, rights?: AdminRights): Promise<void>

  /** Audit records after a number, in their order. */
  readAudit(page: {
    readonly afterNumber?: number
    readonly limit?: number
  }): Promise<readonly AuditRecordView[]>
  auditEnd(): Promise<AuditEndView>

  status(): Promise<IssuerStatus>
  /** Takes away an alarm that stays until an operator has looked into it. */
  acknowledgeAlarm(because: KeptAlarmKind, attempt: AuditAttempt): Promise<void>
  /** After a restore: lineages that the backup does not know are taken up again when they ask. */
  acceptForgotten(attempt: AuditAttempt): Promise<RestoredNote>
  /** The key of an intermediate may be in other hands: it signs nothing any more, what it signed is replaced. */
  taintAuthority(fingerprint: string, attempt: AuditAttempt): Promise<TaintedAuthority>
  /** The prepared intermediate takes the place of the current one. */
  activateAuthority(attempt: AuditAttempt): Promise<ActivatedAuthority>
  /** After the clock was mended: forgets that the store has seen a later time. */
  acceptClock(attempt: AuditAttempt): Promise<void>
}
