import { type ErrorCode, errorCodes } from '@mayfly/ca-core'
import * as z from 'zod'
import { type Alarm, type StatusLevel, statusLevels } from './alarm.ts'

/** One certificate as the status shows it. Times are RFC 3339. Nothing here is secret. */
export interface CertificateStatus {
  readonly name: string
  readonly level: StatusLevel
  readonly alarms: readonly StatusAlarm[]
  readonly identity?: string
  readonly profile?: string
  readonly names?: readonly string[]
  readonly issuers?: readonly string[]
  readonly bundleSequence?: number
  /** What the live folder holds. */
  readonly installed?: {
    readonly generation: number
    readonly serial: string
    readonly notAfter: string
    /** Whether check, reload and probe have passed. */
    readonly served: boolean
  }
  /** What the live ports showed at the last look; empty where none is looked at. */
  readonly servedSerials?: readonly string[]
  /** When the issuer said it would mint the next one. */
  readonly renewAt?: string
  readonly next?: { readonly at: string; readonly because: string }
}

export interface StatusAlarm extends Omit<Alarm, 'since'> {
  readonly since?: string
}

/** `status.json`: what the agent last told of itself. */
export interface AgentStatus {
  readonly format: 1
  readonly version: string
  readonly pid: number
  /** What its machine calls itself. */
  readonly host?: string
  readonly startedAt: string
  readonly updatedAt: string
  readonly state: 'running' | 'stopped'
  readonly level: StatusLevel
  readonly configuration: { readonly path: string; readonly problem?: string }
  /** This host's clock less the issuer's. */
  readonly clockOffsetSeconds: number
  readonly alarms: readonly StatusAlarm[]
  readonly certificates: readonly CertificateStatus[]
}

const alarmSchema: z.ZodType<StatusAlarm> = z.object({
  level: z.enum(['warning', 'critical']),
  code: z.enum(errorCodes as [ErrorCode, ...ErrorCode[]]),
  message: z.string(),
  since: z.string().exactOptional(),
})

const certificateSchema: z.ZodType<CertificateStatus> = z.object({
  name: z.string(),
  level: z.enum(statusLevels),
  alarms: z.array(alarmSchema),
  identity: z.string().exactOptional(),
  profile: z.string().exactOptional(),
  names: z.array(z.string()).exactOptional(),
  issuers: z.array(z.string()).exactOptional(),
  bundleSequence: z.number().exactOptional(),
  installed: z
    .object({ generation: z.number(), serial: z.string(), notAfter: z.string(), served: z.boolean() })
    .exactOptional(),
  servedSerials: z.array(z.string()).exactOptional(),
  renewAt: z.string().exactOptional(),
  next: z.object({ at: z.string(), because: z.string() }).exactOptional(),
})

/** Open to further members, so that a newer agent's status is still read. */
export const agentStatusSchema: z.ZodType<AgentStatus> = z.object({
  format: z.literal(1),
  version: z.string(),
  pid: z.number(),
  host: z.string().exactOptional(),
  startedAt: z.string(),
  updatedAt: z.string(),
  state: z.enum(['running', 'stopped']),
  level: z.enum(statusLevels),
  configuration: z.object({ path: z.string(), problem: z.string().exactOptional() }),
  clockOffsetSeconds: z.number(),
  alarms: z.array(alarmSchema),
  certificates: z.array(certificateSchema),
})
