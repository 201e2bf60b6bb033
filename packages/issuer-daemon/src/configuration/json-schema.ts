import * as z from 'zod'
import { issuerFile } from './issuer-file.ts'

/** The JSON Schema (2020-12) of `issuer.yaml`, from the same source as the checks. */
export function issuerJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(issuerFile, { io: 'input' }) as Record<string, unknown>
  return { $schema, title: 'issuer.yaml of Mayfly', ...schema }
}
