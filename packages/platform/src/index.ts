export { systemClock } from './clock/system-clock.ts'
export {
  type KeptConfiguration,
  type KeptConfigurationOptions,
  keepConfiguration,
} from './configuration/keep-configuration.ts'
export {
  parseYamlConfiguration,
  readYamlConfiguration,
  readYamlExcerpt,
  type YamlExcerpt,
} from './configuration/read-yaml-configuration.ts'
export * from './configuration/setting-types.ts'
export {
  type ConfigurationChanges,
  hasChangedSince,
  watchConfiguration,
} from './configuration/watch-configuration.ts'
export { effectiveUserId } from './files/effective-user.ts'
export { errnoOf, fileError } from './files/file-error.ts'
export { freeBytes } from './files/free-bytes.ts'
export { inFile } from './files/in-file.ts'
export { type FileLock, lockFile } from './files/lock-file.ts'
export { nodeFileSystem } from './files/node-file-system.ts'
export { type OwnFolder, requireOwnFolder } from './files/own-folder.ts'
export { type AccessPorts, type AccessRequest, resolveAccess } from './files/resolve-access.ts'
export { removeLeftovers } from './files/temporary-name.ts'
export { type FileWatch, type WatchOptions, watchFiles } from './files/watch-files.ts'
export { type HsmOptions, openHsm } from './hsm/open-hsm.ts'
export { type Pkcs11Uri, parsePkcs11Uri } from './hsm/pkcs11-uri.ts'
export {
  createLogger,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  logLevels,
} from './logs/create-logger.ts'
export {
  type MetricsServer,
  type MetricsServerOptions,
  startMetricsServer,
} from './metrics/metrics-server.ts'
export { connectionFault } from './network/connection-fault.ts'
export { nodeProcessRunner } from './programs/node-process-runner.ts'
export { type WatchedReader, watchReader } from './programs/watch-reader.ts'
export { systemRandom } from './random/system-random.ts'
export { readSecret, type SecretPorts, type SecretSource } from './secrets/read-secret.ts'
export { notifySystemd, type SystemdNotifier, type SystemdOptions } from './systemd/notify-systemd.ts'
export { type StopSignals, stopSignals } from './systemd/stop-signals.ts'
