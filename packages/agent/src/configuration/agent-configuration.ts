import { dirname } from 'node:path'
import type { FileSystem } from '@mayfly/ca-core'
import {
  filePath,
  type HostPort,
  hostPort,
  type LogLevel,
  logLevels,
  readYamlConfiguration,
} from '@mayfly/platform'
import { z } from 'zod'
import { type CertificateSettings, certificateSchema } from './certificate-settings.ts'
import { plainName } from './name-settings.ts'

export const configurationPathDefault = '/etc/mayfly/agent.yaml'
/** Where nothing is configured. */
export const stateDefault = '/var/lib/mayfly-agent'
const liveDefault = '/etc/mayfly/live'

/** `agent.yaml`, read and checked. */
export interface AgentConfiguration {
  /** The agent's own folder, mode 0700. */
  readonly state: string
  /** The folder with one link for each certificate. */
  readonly live: string
  readonly certificates: Readonly<Record<string, CertificateSettings>>
  /** Where the status is written besides the state folder, readable for all. */
  readonly statusFile?: string
  readonly metrics: { readonly listen?: HostPort; readonly textfile?: string }
  readonly logLevel: LogLevel
}

export const agentConfigurationSchema: z.ZodType<AgentConfiguration, unknown> = z
  .strictObject({
    state: filePath.optional(),
    live: filePath.optional(),
    certificates: z.record(plainName, certificateSchema).optional(),
    status: z.strictObject({ file: filePath.optional() }).optional(),
    metrics: z.strictObject({ listen: hostPort.optional(), textfile: filePath.optional() }).optional(),
    log: z.strictObject({ level: z.enum(logLevels).optional() }).optional(),
  })
  .refine(({ live }) => live === undefined || dirname(live) !== live, {
    message: 'must be a folder below another, which holds the archive beside it',
    path: ['live'],
  })
  .transform((written) => ({
    state: written.state ?? stateDefault,
    live: written.live ?? liveDefault,
    certificates: written.certificates ?? {},
    ...(written.status?.file !== undefined && { statusFile: written.status.file }),
    metrics: {
      ...(written.metrics?.listen !== undefined && { listen: written.metrics.listen }),
      ...(written.metrics?.textfile !== undefined && { textfile: written.metrics.textfile }),
    },
    logLevel: written.log?.level ?? 'info',
  }))

/** Reads `agent.yaml`. Throws `config-invalid` naming file, line and key of every mistake. */
export function readAgentConfiguration(fileSystem: FileSystem, path: string): Promise<AgentConfiguration> {
  return readYamlConfiguration(fileSystem, path, agentConfigurationSchema)
}

/** The JSON Schema (2020-12) of `agent.yaml`, from the same source as the checks. */
export function agentJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(agentConfigurationSchema, {
    io: 'input',
    unrepresentable: 'any',
  }) as Record<string, unknown>
  return { $schema, title: 'agent.yaml of Mayfly', ...schema }
}
