import type { FileSystem } from '@mayfly/ca-core'
import { filePath, readYamlConfiguration } from '@mayfly/platform'
import * as z from 'zod'
import { type AgentConfiguration, stateDefault } from './agent-configuration.ts'

export type StatusPlace = Pick<AgentConfiguration, 'state' | 'statusFile'>

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
 * before, and its status tells of the mistake.
 */
export function readStatusPlace(fileSystem: FileSystem, path: string): Promise<StatusPlace> {
  return readYamlConfiguration(fileSystem, path, statusPlaceSchema)
}
