export type { ConnectTarget } from './connections/connect.ts'
export type { PinnedDispatcherOptions } from './http/pinned-dispatcher.ts'
export type { PinnedAgentOptions } from './http/pinned-https-agent.ts'
export { type Identity, openIdentity } from './identity.ts'
export { type Instant, maxLifetimeSecondsDefault, type TrustOptions } from './options.ts'
export type { PeerIdentity } from './peers/peer-identity.ts'
export { type PinnedAgentConfiguration, type PinnedAgentFiles, pinnedAgent } from './pinned-agent.ts'
export type { PinnedHttpOptions } from './server/http-options.ts'
export type { PinnedServerOptions } from './server/pinned-server.ts'
export {
  type FetchDispatcher,
  openTrust,
  type PinnedTlsOptions,
  type Rotation,
  type Trust,
  type TrustEvents,
} from './trust.ts'
export { TrustError, type TrustErrorCode, type TrustErrorDetails } from './trust-error.ts'
