import { type ErrorCode, errorCodes, keyTypes, profileNames } from '@mayfly/ca-core'
import * as z from 'zod'

/*
 * What stands in the JSON of many commands. The schemas are there for the types of the commands, for
 * `docs/json-output.md` and for the tests; no command loads them to print.
 */

/** What a command gives to be printed. */
export type JsonOf<Schema extends z.ZodType> = z.input<Schema>

export const time = z.iso.datetime()
export const sha256 = described(z.string().regex(/^[0-9a-f]{64}$/), 'SHA-256 in hex')
/** Of a certificate. */
export const serial = described(z.string().regex(/^[0-9a-f]+$/), 'hex')
export const count = z.int().nonnegative()
export const errorCode = described(
  z.enum(errorCodes as [ErrorCode, ...ErrorCode[]]),
  '[error code](errors.md)',
)
export const keyType = z.enum(keyTypes)
export const profile = z.enum(profileNames)

export function listOf<Item extends z.ZodType>(item: Item) {
  return z.array(item).readonly()
}

/** What the page says of the value, where its type says too little or too much. */
export function described<Schema extends z.ZodType>(schema: Schema, title: string) {
  return schema.meta({ title })
}
