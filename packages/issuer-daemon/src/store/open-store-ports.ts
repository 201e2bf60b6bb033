import type { Clock, FileSystem, Random } from '@mayfly/ca-core'

/** What opening a store needs of the rest. */
export interface OpenStorePorts {
  readonly fileSystem: FileSystem
  /** CREDENTIALS_DIRECTORY of systemd; PGPASSFILE and HOME, as libpq has them. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly random: Random
}
