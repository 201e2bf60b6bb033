import type { FileSystem, MayflyError } from '@mayfly/ca-core'
import { filePath, readYamlExcerpt } from '@mayfly/platform'
import * as z from 'zod'
import { type AgentConfiguration, stateDefault, whereMissing } from './agent-configuration.ts'

export interface StatusPlace extends Pick<AgentConfiguration, 'state' | 'statusFile'> {
  /** What keeps the file from being read as a whole. */
  readonly mistake?: MayflyError
}

const statusPlaceSchema: z.ZodType<StatusPlace, unknown> = z
  .looseObject({
    state: filePath.optional(),
    status: z.looseObject({ file: filePath.optional() }).optional(),
  })
  .transform(({ state, status }) => ({
    state: state ?? stateDefault,
    ...(status?.file !== undefined && { statusFile: status.file }),
  }))

/**
 * Where an agent writes its status, whatever else is wrong with its configuration: the agent goes on with the one
 * before, and its status tells of the mistake. Throws `config-invalid` only where no place can be made out.
 */
export async function readStatusPlace(fileSystem: FileSystem, path: string): Promise<StatusPlace> {
  const { value, mistake } = await readYamlExcerpt(fileSystem, path, statusPlaceSchema, { whereMissing })
  return mistake === undefined ? value : { ...value, mistake }
}
