import * as z from 'zod'

/** What can be asked for; the PEM set is always there. */
export const formatNames = ['pem', 'combined', 'pkcs12', 'credential-bundle', 'der'] as const

export type FormatName = (typeof formatNames)[number]

export const formatNameSchema: z.ZodType<FormatName> = z.enum(formatNames)
