import type { Clock } from '@mayfly/ca-core'
import { type KeptConfiguration, keepConfiguration, type Logger } from '@mayfly/platform'
import type { RefusedReload } from '../alarms/refused-reload.ts'
import type { IssuerConfiguration } from '../configuration/issuer-configuration.ts'

export interface FollowedConfiguration extends KeptConfiguration {
  /** `undefined` while the newest files are in use. */
  refused(): RefusedReload | undefined
}

export interface FollowingParts {
  readonly clock: Clock
  readonly log: Logger
  /** Puts a configuration into use, or throws. */
  reload(next: IssuerConfiguration): Promise<void>
  /** A reload was refused, or one that was refused before has come through. */
  changed(): void
}

/** Follows a configuration, and remembers that it could not. @param read reads the file and checks it */
export function followConfiguration(
  read: () => Promise<IssuerConfiguration>,
  { clock, log, reload, changed }: FollowingParts,
): FollowedConfiguration {
  let refused: RefusedReload | undefined
  const kept = keepConfiguration({
    read,
    follow: reload,
    onUse() {
      if (refused === undefined) return
      refused = undefined
      changed()
    },
    onMistake(error) {
      log.error({ err: error }, 'not reloaded')
      refused = { since: refused?.since ?? clock.now(), message: messageOf(error) }
      changed()
    },
  })
  return { ...kept, refused: () => refused }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
