import { join } from 'node:path'
import type { FileAccess, FileSystem } from '@mayfly/ca-core'
import { requireOwnFolder } from '@mayfly/platform'

/** Only the agent's own user sees anything of its state. */
export const stateFolderAccess: FileAccess = { mode: 0o700 }
export const stateFileAccess: FileAccess = { mode: 0o600 }

/** Where things lie in the state folder. `certificate` is a checked name: it cannot leave its folder. */
export const statePaths = {
  lock: (state: string): string => join(state, 'lock'),
  lineages: (state: string): string => join(state, 'lineages'),
  lineage: (state: string, certificate: string): string => join(state, 'lineages', `${certificate}.json`),
  enrolmentLock: (state: string): string => join(state, 'enrolment-lock'),
  enrolments: (state: string): string => join(state, 'enrolments'),
  enrolment: (state: string, certificate: string): string => join(state, 'enrolments', `${certificate}.json`),
  bundles: (state: string): string => join(state, 'bundles'),
  bundle: (state: string, rootFingerprint: string): string =>
    join(state, 'bundles', `${rootFingerprint}.json`),
  renewals: (state: string): string => join(state, 'renewals'),
  renewal: (state: string, certificate: string): string => join(state, 'renewals', certificate),
  history: (state: string): string => join(state, 'history.jsonl'),
  status: (state: string): string => join(state, 'status.json'),
}

/** Throws `config-invalid` where `state` is a folder of others that is open to them. */
export function requireOwnState(fileSystem: FileSystem, state: string): Promise<void> {
  return requireOwnFolder(fileSystem, { path: state, access: stateFolderAccess, mark: 'lineages' })
}

/** Makes the folders, each open to the agent alone. Throws `config-invalid` where `state` is a folder of others. */
export async function prepareStateFolder(fileSystem: FileSystem, state: string): Promise<void> {
  await requireOwnState(fileSystem, state)
  const folders = [state, statePaths.lineages(state), statePaths.enrolments(state)]
  for (const folder of [...folders, statePaths.bundles(state), statePaths.renewals(state)]) {
    await fileSystem.makeDirectory(folder, stateFolderAccess)
  }
}
