import { join } from 'node:path'
import type { FileSystem } from '@mayfly/ca-core'
import { filePath, readYamlExcerpt } from '@mayfly/platform'
import * as z from 'zod'
import { socketPath } from './socket-path.ts'

const adminPlaceSchema: z.ZodType<string, unknown> = z
  .looseObject({
    state: filePath,
    admin: z.looseObject({ socket: socketPath.optional() }).optional(),
  })
  .transform(({ state, admin }) => admin?.socket ?? adminSocketIn(state))

/** What to do where the file is not there. */
export const whereMissing =
  'Write it (docs/configuration.md has its keys, the README one to begin with), or name another file with --config.'

/**
 * Where the owner's administration socket lies, whatever else is wrong with `issuer.yaml`: the issuer goes on with the
 * configuration before, tells of the mistake in its status, and must be told to suspend or to taint all the same.
 * Throws `config-invalid` only where no place can be made out.
 */
export async function readAdminSocket(fileSystem: FileSystem, path: string): Promise<string> {
  return (await readYamlExcerpt(fileSystem, path, adminPlaceSchema, { whereMissing })).value
}

/** Where it lies unless the configuration says otherwise. */
export function adminSocketIn(state: string): string {
  return join(state, 'admin.sock')
}
