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
import * as z from 'zod'
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
    state: filePath
      .optional()
      .describe("The agent's own folder, which nobody else may read; `/var/lib/mayfly-agent` if absent."),
    live: filePath
      .optional()
      .describe(
        'The folder with a link for each certificate; the archive is beside it; `/etc/mayfly/live` if absent.',
      ),
    certificates: z
      .record(plainName, certificateSchema)
      .optional()
      .describe('By name: the name of the link in the live folder.'),
    status: z
      .strictObject({
        file: filePath
          .optional()
          .describe('Where it is written; `status.json` in the state folder if absent.'),
      })
      .optional()
      .describe('What `mayfly agent status` reads.'),
    metrics: z
      .strictObject({
        listen: hostPort.optional().describe('Where Prometheus may ask, without TLS; off if absent.'),
        textfile: filePath.optional().describe('A file for the textfile collector of node_exporter.'),
      })
      .optional()
      .describe('Prometheus metrics.'),
    log: z
      .strictObject({
        level: z.enum(logLevels).optional().describe('The least serious line written; `info` if absent.'),
      })
      .optional()
      .describe('The log, JSON lines on standard output.'),
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

/** What to do where the file is not there: nobody has enrolled yet, or it lies elsewhere. */
export const whereMissing =
  'Where this host has no certificate yet, `mayfly agent enroll` writes it; or name another file with --config.'

/** Reads `agent.yaml`. Throws `config-invalid` naming file, line and key of every mistake. */
export function readAgentConfiguration(fileSystem: FileSystem, path: string): Promise<AgentConfiguration> {
  return readYamlConfiguration(fileSystem, path, agentConfigurationSchema, { whereMissing })
}

/** The JSON Schema (2020-12) of `agent.yaml`, from the same source as the checks. */
export function agentJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(agentConfigurationSchema, {
    io: 'input',
    unrepresentable: 'any',
  }) as Record<string, unknown>
  return { $schema, title: 'agent.yaml of Mayfly', ...schema }
}
