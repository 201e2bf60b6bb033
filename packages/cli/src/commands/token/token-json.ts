import * as z from 'zod'
import { listOf, time } from '../../json/json-fields.ts'

export const tokenCreateJson = z.strictObject({
  token: z.string().describe('Secret, and shown this once.'),
  jti: z.string(),
  identity: z.string(),
  expiresAt: time,
})

export const tokenListJson = z.strictObject({
  tokens: listOf(
    z.strictObject({
      jti: z.string(),
      identity: z.string(),
      state: z.enum(['open', 'used', 'revoked', 'expired']),
      createdAt: time,
      expiresAt: time,
      usedAt: time.exactOptional(),
    }),
  ),
})

export const tokenRevokeJson = z.strictObject({ jti: z.string(), revoked: z.literal(true) })
