export type { AgentPorts } from './agent-ports.ts'
export {
  type AgentConfiguration,
  agentConfigurationSchema,
  agentJsonSchema,
  configurationPathDefault,
  readAgentConfiguration,
} from './configuration/agent-configuration.ts'
export type { CertificateSettings } from './configuration/certificate-settings.ts'
export type { CertificateEntry, NewFileSettings } from './configuration/write-certificate-entry.ts'
export { type EnrollOptions, type Enrolment, enroll } from './enrolment/enroll.ts'
export { type LocalPorts, localPorts } from './local-ports.ts'
export { type RunAgentOptions, runAgent } from './main.ts'
export * from './rotation/certificate-keeper.ts'
export type { HostServers } from './rotation/host-servers.ts'
export { nothingObserved, type Observations, planRotation } from './rotation/plan-rotation.ts'
export type { RotationAction } from './rotation/rotation-action.ts'
export type { RotationPorts, RotationSubject } from './rotation/rotation-context.ts'
export type { RotationEvent } from './rotation/rotation-event.ts'
export { type Renewal, type RenewOptions, renewNow } from './running/renew-now.ts'
export { type BundleShelf, openBundleShelf } from './state/bundle-shelf.ts'
export type { Credential } from './state/credential.ts'
export type { LineageState } from './state/lineage-state.ts'
export { type LineageStore, openLineageStore } from './state/lineage-store.ts'
export { prepareStateFolder, statePaths } from './state/state-folder.ts'
export type { AgentStatus, CertificateStatus, StatusAlarm } from './status/agent-status.ts'
export type { StatusLevel } from './status/alarm.ts'
export { type HistoryLine, readHistory } from './status/history.ts'
export { agentStatus, type MonitoringExitCode, type StatusReading } from './status/read-status.ts'
export { createIssuerClient, type IssuerClient } from './transport/issuer-client.ts'
export type { Transport, WireRequest, WireResponse } from './transport/transport.ts'
export { type ClosableTransport, openTransport } from './transport/https-transport.ts'
export { agentVersion } from './version.ts'
