import * as z from 'zod'
import { count, listOf, serial, sha256, time } from '../../json/json-fields.ts'

/** A line of `audit export` and `audit tail`. */
export const auditRecordJson = z.strictObject({
  number: count,
  hash: sha256.describe('Of the hash before it and of `record` as it stands here.'),
  record: z.strictObject({
    at: time,
    requestId: z.string(),
    action: z.string().describe('What was tried, such as `enroll`, `request`, `token.create`.'),
    actor: z
      .discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('anonymous') }),
        z.strictObject({ kind: z.literal('token'), jti: z.string(), identity: z.string() }),
        z.strictObject({
          kind: z.literal('lineage'),
          identity: z.string(),
          lineage: count,
          generation: count,
        }),
        z.strictObject({ kind: z.literal('admin'), name: z.string().exactOptional() }),
        z.strictObject({ kind: z.literal('issuer') }),
      ])
      .describe('Who asked, as far as was proved. An `admin` without a name is the owner of the issuer.'),
    outcome: z
      .enum(['begun', 'issued', 'scheduled', 'done', 'refused', 'failed'])
      .describe('`begun` is written with an intent, before anything is signed.'),
    reason: z.string().exactOptional().describe('The error code of a refusal, or why something was done.'),
    address: z.string().exactOptional(),
    relay: z.string().exactOptional().describe('The relay that told of the address.'),
    identity: z.string().exactOptional().describe('What it was about.'),
    generation: count.exactOptional(),
    serial: serial.exactOptional(),
    details: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), listOf(z.string())]))
      .exactOptional()
      .describe('More facts, by the action.'),
  }),
})

export const auditVerifyJson = z.strictObject({
  first: count.describe('The first record that is there; 0 where there is none.'),
  last: count,
  hash: sha256.describe('Of the last record.'),
  signed: z
    .strictObject({ number: count, at: time, by: z.string().exactOptional() })
    .exactOptional()
    .describe('Up to where the authority has signed it.'),
})
