import type { EnrolmentTokenClaims, MayflyError, RequestBody } from '@mayfly/ca-core'
import type { AdminRights } from '../admin/admin-rights.ts'
import type { Actor } from '../audit/audit-record.ts'
import type { IdentityRecord } from '../store/identity-record.ts'
import type { CertificateRecord } from '../store/issuance-record.ts'

/** Where a request came from. */
export interface Caller {
  readonly address: string
  /** Who passed it on, where the address is what a trusted relay said. */
  readonly relay?: string
}

/** What was proved about a caller. Authenticating fills it and rejects nobody; use cases and routes decide. */
export type SecurityContext =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'token'; readonly claims: EnrolmentTokenClaims }
  | LineageContext
  | AdminContext
  /** Something was shown and does not hold. */
  | { readonly kind: 'failed'; readonly error: MayflyError }

/** Who came through an administration socket. */
export interface AdminContext {
  readonly kind: 'admin'
  readonly rights: AdminRights
}

/** A request that is signed by the key of one of our certificates. */
export interface LineageContext {
  readonly kind: 'lineage'
  /** Name of the identity. */
  readonly identity: string
  readonly identityId: number
  /** The identity as it was when the request was authenticated. */
  readonly found: IdentityRecord
  readonly lineage: number
  readonly generation: number
  /** The certificate whose key signed. */
  readonly signer: CertificateRecord
  readonly issuedAt: number
  readonly jti: string
  readonly body: RequestBody
}

/** The context as the audit names it. */
export function actorOf(context: SecurityContext): Actor {
  switch (context.kind) {
    case 'token':
      return { kind: 'token', jti: context.claims.jti, identity: context.claims.identity }
    case 'lineage':
      // In the order of the alphabet, as the audit has its fields.
      return {
        generation: context.generation,
        identity: context.identity,
        kind: 'lineage',
        lineage: context.lineage,
      }
    case 'admin':
      return context.rights.is === 'owner' ? { kind: 'admin' } : { kind: 'admin', name: context.rights.name }
    case 'anonymous':
    case 'failed':
      return { kind: 'anonymous' }
  }
}
