import type { Authority, PreparedProfile, ProfileName } from '@mayfly/ca-core'
import type { StoredChain } from '../../store/issuance-record.ts'

/** The intermediate in the slot `current`, with each profile prepared into an issuing function. */
export interface IssuingAuthority {
  readonly authority: Authority
  readonly chain: StoredChain
  /** SHA-256 of the root above, lower hex: what a host without a bundle is to trust first. */
  readonly rootFingerprint: string
  readonly profiles: Readonly<Record<ProfileName, PreparedProfile>>
}
