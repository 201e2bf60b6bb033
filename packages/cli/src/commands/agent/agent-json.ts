import { tracks } from '@mayfly/agent'
import * as z from 'zod'
import { count, errorCode, listOf, serial, sha256, time } from '../../json/json-fields.ts'

export const setbackJson = z
  .strictObject({
    code: errorCode,
    message: z.string(),
    attempts: count,
    since: time.describe('Of the first failure in a row.'),
    at: time.describe('Of the last one.'),
    retryAt: time,
  })
  .describe('What has failed, and when it is tried again.')

export const agentEnrollJson = z.strictObject({
  name: z.string().describe("The certificate's name here."),
  identity: z.string(),
  serial,
  notAfter: time,
  config: z.string(),
  installation: z.discriminatedUnion('is', [
    z.strictObject({
      is: z.literal('installed'),
      generation: count,
      served: z.boolean(),
      servedSerials: listOf(serial).describe('What the live ports showed; empty where none is looked at.'),
      setback: setbackJson.exactOptional(),
    }),
    z.strictObject({ is: z.literal('left-to-agent') }).describe('An agent runs, and takes it up by itself.'),
    z.strictObject({ is: z.literal('failed'), setback: setbackJson }),
  ]),
  units: listOf(z.string()).describe('Unit files that were written.'),
})

const level = z.enum(['ok', 'warning', 'critical'])

const alarms = listOf(
  z.strictObject({
    level: z.enum(['warning', 'critical']),
    code: errorCode,
    message: z.string(),
    since: time.exactOptional(),
  }),
)

export const agentStatusJson = z.strictObject({
  format: z.literal(1),
  version: z.string(),
  pid: count,
  host: z.string().exactOptional(),
  startedAt: time,
  updatedAt: time,
  state: z.enum(['running', 'stopped']),
  level: level.describe('The worst of all.'),
  configuration: z.strictObject({
    path: z.string(),
    problem: z.string().exactOptional().describe('Why the one before is still in use.'),
  }),
  clockOffsetSeconds: z.number().describe("This host's clock less the issuer's."),
  alarms: alarms.describe('Of the host.'),
  certificates: listOf(
    z.strictObject({
      name: z.string(),
      level,
      alarms,
      identity: z.string().exactOptional(),
      profile: z.string().exactOptional(),
      names: listOf(z.string()).exactOptional(),
      issuers: listOf(z.string()).exactOptional(),
      bundleSequence: count.exactOptional(),
      installed: z
        .strictObject({
          generation: count,
          serial,
          notAfter: time,
          served: z.boolean().describe('Whether check, reload and probe have passed.'),
        })
        .exactOptional()
        .describe('What the live folder holds.'),
      servedSerials: listOf(z.string())
        .exactOptional()
        .describe('What the live ports showed at the last look; empty where none is looked at.'),
      renewAt: time.exactOptional().describe('When the issuer said it would mint the next one.'),
      next: z
        .strictObject({ at: time, because: z.string() })
        .exactOptional()
        .describe('When the agent looks again, and why.'),
    }),
  ),
})

export const agentCheckJson = z.strictObject({
  isReady: z.boolean().describe('A rotation will work.'),
  findings: listOf(
    z.strictObject({
      check: z.enum([
        'state',
        'disk-space',
        'running',
        'enrolment',
        'issuer',
        'bundle',
        'clock',
        'access',
        'folders',
        'files',
        'server',
        'server-test',
        'probe',
      ]),
      certificate: z.string().exactOptional().describe('Absent where it is about the whole host.'),
      result: z.enum(['good', 'warning', 'failed']),
      code: errorCode.exactOptional(),
      message: z.string(),
    }),
  ),
})

export const agentRenewJson = z.strictObject({
  renewals: listOf(
    z.strictObject({
      name: z.string(),
      outcome: z.discriminatedUnion('is', [
        z.strictObject({ is: z.literal('renewed'), generation: count, serial, notAfter: time }),
        z
          .strictObject({ is: z.literal('under-way'), setback: setbackJson.exactOptional() })
          .describe('Not served within the wait; the wish stands.'),
        z
          .strictObject({ is: z.literal('refused'), setback: setbackJson })
          .describe('Only a person can help.'),
      ]),
    }),
  ),
})

const line = { at: time, certificate: z.string() }
const track = z.enum(tracks)

export const agentHistoryJson = z.strictObject({
  events: listOf(
    z.discriminatedUnion('event', [
      z.strictObject({ ...line, event: z.literal('enrolled'), identity: z.string(), serial }),
      z.strictObject({ ...line, event: z.literal('scheduled'), mintAt: time }),
      z.strictObject({ ...line, event: z.literal('received'), serial, notAfter: time, issuer: z.string() }),
      z.strictObject({
        ...line,
        event: z.literal('answer-refused'),
        issuer: z.string(),
        because: z.string(),
      }),
      z.strictObject({
        ...line,
        event: z.literal('installed'),
        generation: count,
        serial,
        because: z.string(),
      }),
      z.strictObject({ ...line, event: z.literal('served'), generation: count, serial, notAfter: time }),
      z.strictObject({
        ...line,
        event: z.literal('put-back'),
        generation: count,
        paths: listOf(z.string()),
      }),
      z.strictObject({
        ...line,
        event: z.literal('port-mended'),
        generation: count,
        serial,
        was: z.string(),
      }),
      z.strictObject({ ...line, event: z.literal('adopted'), serial, because: z.string() }),
      z.strictObject({ ...line, event: z.literal('bundle'), sequence: count }),
      z.strictObject({ ...line, event: z.literal('key-dropped'), keyHash: sha256, because: z.string() }),
      z.strictObject({ ...line, event: z.literal('failed'), track, setback: setbackJson }),
      z.strictObject({ ...line, event: z.literal('recovered'), track, attempts: count }),
    ]),
  ),
})
