import { reportSchema } from '@mayfly/ca-core'
import * as z from 'zod'
import { count, listOf, profile, serial, time } from '../../json/json-fields.ts'

/** Of `identity add`, `show` and `suspend`; in `list` and `resume`. */
export const identityJson = z.strictObject({
  name: z.string(),
  profile,
  names: listOf(z.string()).describe('What its certificates may carry.'),
  state: z
    .enum(['new', 'active', 'expired', 'suspended'])
    .describe('`new` was never enrolled; `expired` has no certificate that is still valid.'),
  createdAt: time,
  suspension: z
    .strictObject({
      at: time,
      because: z.enum(['operator', 'lineage-conflict']),
      addresses: listOf(z.string()).describe('The two hosts of a lineage conflict; else none.'),
      by: z.string().exactOptional().describe('The delegate that suspended it.'),
    })
    .exactOptional(),
  lineage: z
    .strictObject({ number: count, generation: count })
    .exactOptional()
    .describe('Its current lineage, and the newest generation that was confirmed in it.'),
  newest: z
    .strictObject({ serial, generation: count, notAfter: time })
    .exactOptional()
    .describe('Its newest certificate.'),
  mintAt: time.exactOptional().describe('When the key that waits is certified.'),
  seen: z
    .strictObject({
      at: time,
      address: z.string(),
      report: reportSchema.exactOptional().describe('What its agent told of its host.'),
    })
    .exactOptional()
    .describe('Its last accepted request.'),
})

export const identityListJson = z.strictObject({ identities: listOf(identityJson) })

export const identityResumedJson = z.strictObject({
  identity: identityJson,
  lineageKept: z.boolean().describe('Where it is false, the host needs a new token.'),
})

const declared = { profile, names: listOf(z.string()) }

export const identityApplyJson = z.strictObject({
  applied: z.boolean().describe('False after `--dry-run`.'),
  added: listOf(z.strictObject({ name: z.string(), ...declared })),
  changed: listOf(
    z.strictObject({ name: z.string(), from: z.strictObject(declared), to: z.strictObject(declared) }),
  ),
  pruned: listOf(z.string()).describe('Not declared, and suspended for it.'),
  unchanged: count,
  suspended: listOf(z.string()).describe('Declared, and still suspended.'),
  left: listOf(z.string()).describe('Not declared, and left as they are; the first thousand.'),
  leftCount: count,
})
