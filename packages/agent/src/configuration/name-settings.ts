import { type Name, parseIdentityName, parseName } from '@mayfly/ca-core'
import * as z from 'zod'

/** A name of a certificate, `dns:web-1.example` or bare. */
export const certificateName: z.ZodType<Name, string> = z
  .string()
  .transform((text, context) => parsed(() => parseName(text), context))

/** The name of an identity or of a certificate in the configuration: it becomes part of file names. */
export const plainName: z.ZodType<string, string> = z.string().refine((text) => {
  try {
    return parseIdentityName(text) === text
  } catch {
    return false
  }
}, 'must be lower-case letters, digits, dots, hyphens and underscores, and start with a letter or digit')

function parsed<T>(parse: () => T, context: z.RefinementCtx): T {
  try {
    return parse()
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
    return z.NEVER
  }
}
