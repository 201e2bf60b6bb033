import { readAgentConfiguration } from '@mayfly/agent'
import { type FileSystem, isMayflyError, MayflyError } from '@mayfly/ca-core'

/**
 * Tells whoever is not the agent's user so, in place of every file that is closed to them: where an agent runs well, a
 * check by somebody else would find five things to mend. What else is wrong is told by what comes after.
 *
 * @throws MayflyError `permission-denied`, and what is wrong with the configuration
 */
export async function requireAgentUser(configPath: string, fileSystem: FileSystem): Promise<void> {
  const { state } = await readAgentConfiguration(fileSystem, configPath)
  try {
    await fileSystem.list(state)
  } catch (cause) {
    if (!isMayflyError(cause, 'permission-denied')) return
    throw new MayflyError(
      'permission-denied',
      `${state} is closed to you. Run this as the user of the agent, most often with sudo.`,
      { details: { path: state }, cause },
    )
  }
}
