import type { Clock } from '@mayfly/ca-core'
import type { CheckPorts } from '../checking/check-ports.ts'
import { tryFolder } from '../checking/try-folder.ts'
import { asMayflyError } from '../rotation/record-setback.ts'
import type { Setback } from '../state/setback.ts'
import { stateFileAccess, statePaths } from '../state/state-folder.ts'

/** The state of a lineage is some kilobytes: key, chain, promises. */
const stateBytesAbout = 32_768

/**
 * What keeps an agent from noting what it does, if anything: a full disk, a right that was lost. It goes on from memory
 * then, and its own word of it may be on the same disk; so this is found out by writing there.
 */
export async function whyNotNoted(
  ports: Pick<CheckPorts, 'fileSystem' | 'random'> & { readonly clock: Clock },
  state: string,
): Promise<Setback | undefined> {
  try {
    await tryFolder(ports, statePaths.lineages(state), stateFileAccess, stateBytesAbout)
    return undefined
  } catch (error) {
    const { code, message } = asMayflyError(error)
    const at = ports.clock.now()
    return { code, message, attempts: 1, since: at, at, retryAt: at }
  }
}
