import { type FileWatch, watchConfiguration, watchFiles } from '@mayfly/platform'
import type { AgentConfiguration } from '../configuration/agent-configuration.ts'
import { archiveRoot } from '../installing/paths.ts'
import { statePaths } from '../state/state-folder.ts'

export interface HostChanges {
  /**
   * Something in the live folder or the archive, or a wish in the state folder; also once the watch has begun, for what
   * has happened there just before.
   */
  onFiles(): void
  /** Resolves when the file has been read. */
  onConfiguration(): Promise<void>
  /** Watching has failed; the keepers look every minute all the same. */
  onError(error: unknown): void
}

/** `archive/web/0007/key.pem` */
const archiveDepth = 2

export interface HostWatch extends FileWatch {
  /** Watches the live folder that is in use from now on, in place of the one before. Never rejects. */
  follow(next: Pick<AgentConfiguration, 'live'>): Promise<void>
}

/** Watches what others may change: the installed files, the configuration, and what commands ask the agent for. */
export async function watchHost(
  configPath: string,
  { live, state }: Pick<AgentConfiguration, 'live' | 'state'>,
  changes: HostChanges,
): Promise<HostWatch> {
  const { onError } = changes
  const watchLive = (folder: string): Promise<FileWatch> =>
    watchFiles(
      [folder, archiveRoot(folder), statePaths.enrolments(state), statePaths.renewals(state)],
      () => changes.onFiles(),
      { onError, depth: archiveDepth },
    )
  let watched = live
  let files = await watchLive(live)
  changes.onFiles()
  let following: Promise<void> = Promise.resolve()
  const configuration = await watchConfiguration(configPath, {
    onChange: () => changes.onConfiguration(),
    onError,
  })

  const exchange = async (next: string): Promise<void> => {
    if (next === watched) return
    const before = files
    files = await watchLive(next)
    watched = next
    await before.close()
    // What has happened there before it was watched.
    changes.onFiles()
  }

  return {
    follow(next) {
      following = following.then(() => exchange(next.live)).catch(onError)
      return following
    },
    async close() {
      await following
      await Promise.all([files.close(), configuration.close()])
    },
  }
}
