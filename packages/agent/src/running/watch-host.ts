import { type FileWatch, watchConfiguration, watchFiles } from '@mayfly/platform'
import type { AgentConfiguration } from '../configuration/agent-configuration.ts'
import { archiveRoot } from '../installing/paths.ts'
import { statePaths } from '../state/state-folder.ts'

export interface HostChanges {
  /** Something in the live folder or the archive, or a wish in the state folder. */
  onFiles(): void
  onConfiguration(): void
  /** Watching has failed; the keepers look every minute all the same. */
  onError(error: unknown): void
}

/** `archive/web/0007/key.pem` */
const archiveDepth = 2

/** Watches what others may change: the installed files, the configuration, and what commands ask the agent for. */
export async function watchHost(
  configPath: string,
  { live, state }: Pick<AgentConfiguration, 'live' | 'state'>,
  changes: HostChanges,
): Promise<FileWatch> {
  const { onError } = changes
  const files = await watchFiles(
    [live, archiveRoot(live), statePaths.enrolments(state), statePaths.renewals(state)],
    () => changes.onFiles(),
    { onError, depth: archiveDepth },
  )
  const configuration = await watchConfiguration(configPath, {
    onChange: () => changes.onConfiguration(),
    onError,
  })
  return {
    async close() {
      await Promise.all([files.close(), configuration.close()])
    },
  }
}
