import * as z from 'zod'

/** Milliseconds since the epoch. */
export const instantSchema: z.ZodType<number> = z.number()

/** A chain or key of the largest kind (ML-DSA-87) is about 22 kB. */
export const pemSchema: z.ZodType<string> = z.string().max(65_536)

export const serialSchema: z.ZodType<string> = z.string().regex(/^[0-9a-f]{2,40}$/, 'is not a serial number')

export const sha256Schema: z.ZodType<string> = z.string().regex(/^[0-9a-f]{64}$/, 'is not a SHA-256 in hex')

export const profileSchema: z.ZodType<'server' | 'client' | 'peer'> = z.enum(['server', 'client', 'peer'])

export const generationNumberSchema: z.ZodType<number> = z.int().positive()
