export type { AdminClient } from './admin/admin-client.ts'
export type { IdentityPageMessage, NewIdentityMessage, NewTokenMessage } from './admin/admin-messages.ts'
export { type KeptAlarmKind, keptAlarms } from './alarms/kept-alarms.ts'
export { errorStatus } from './api/error-status.ts'
export type { AttemptEnding, AttemptOpening, AuditAttempt } from './audit/audit-attempt.ts'
export {
  type AuditChainVerdict,
  type AuditLink,
  auditChainOrigin,
  type ChainedAuditRecord,
  verifyAuditChain,
} from './audit/audit-chain.ts'
export type { Actor, AuditOutcome, AuditRecord } from './audit/audit-record.ts'
export { auditRetentionSecondsMin } from './audit/compare-head.ts'
export type { AuditEndView, AuditRecordView } from './audit/read-audit.ts'
export { type AuthorityFiles, authorityFiles } from './authority/authority-files.ts'
export {
  type AuthorityShelf,
  openAuthorityShelf,
  type ShelvedAuthority,
} from './authority/authority-shelf.ts'
export {
  type InitAuthorityOptions,
  type InitialisedAuthority,
  initAuthority,
  pendingRequest,
} from './authority/init-authority.ts'
export {
  type InstallAuthorityOptions,
  type InstalledAuthority,
  installAuthority,
} from './authority/install-authority.ts'
export {
  type LoadAuthorityOptions,
  type LoadedAuthority,
  loadAuthority,
  prepareAuthority,
} from './authority/load-authority.ts'
export { backUpStore, type MadeBackup } from './backup/back-up-store.ts'
export { type RestoredStore, restoreStore } from './backup/restore-store.ts'
export { acceptClockAtRest } from './clock/accept-clock-at-rest.ts'
export type {
  HsmSettings,
  IssuerConfiguration,
  ListenAddress,
  PassphraseSource,
} from './configuration/issuer-configuration.ts'
export { issuerJsonSchema } from './configuration/json-schema.ts'
export { passphraseReader } from './configuration/passphrase.ts'
export { readIssuerConfiguration } from './configuration/read-configuration.ts'
export type { AppliedIdentities } from './identities/apply-identities.ts'
export { type IdentityDeclaration, identitiesJsonSchema } from './identities/identities-file.ts'
export type { IdentityFilter } from './identities/identity-filter.ts'
export type { IdentityState, IdentityView } from './identities/identity-view.ts'
export type { IdentityList, IdentityListOrder } from './identities/list-identities.ts'
export type { Resumed } from './identities/resume-identity.ts'
export { createIssuer } from './issuing/create-issuer.ts'
export type { FleetView } from './issuing/fleet-view.ts'
export type { AuthorityMoves } from './issuing/intermediates/authority-moves.ts'
export type { IntermediateView } from './issuing/intermediates/intermediate-views.ts'
export type { IssuingAuthority } from './issuing/intermediates/issuing-authority.ts'
export type { ActivatedAuthority, TaintedAuthority } from './issuing/intermediates/taint-authority.ts'
export type { Issuer } from './issuing/issuer.ts'
export type { IssuerPorts, OwnLeaf, ServedBundle } from './issuing/issuer-ports.ts'
export type { Alarm, AuthorityView, IssuerStatus } from './issuing/issuer-status.ts'
export type { Policy } from './issuing/policy.ts'
export type { Caller, LineageContext, SecurityContext } from './issuing/security-context.ts'
export { type RunIssuerOptions, runIssuer } from './main.ts'
export { boundHeap } from './running/bound-heap.ts'
export { openStore } from './store/open-store.ts'
export type { OpenStorePorts } from './store/open-store-ports.ts'
export { dumpCommand, loadDumpCommand, unstageCommand } from './store/postgres/dump-commands.ts'
export { openSqliteStore, type SqliteStoreOptions } from './store/sqlite/open-sqlite-store.ts'
export type { Store, StoreCounts } from './store/store.ts'
export type { DatabasePasswordSource, PostgresLocation, StoreLocation } from './store/store-location.ts'
export type { LastSweep } from './sweep/last-sweep.ts'
export type { SweepReport } from './sweep/sweep-report.ts'
export type { CreatedToken } from './tokens/create-token.ts'
export type { TokenView } from './tokens/token-view.ts'
