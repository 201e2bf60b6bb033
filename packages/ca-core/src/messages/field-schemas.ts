import * as z from 'zod'

/** An ML-DSA-87 request with a hundred names is about 11 kB of DER. */
export const requestDerBytesMax = 16_384

/** A leaf and its intermediate, both ML-DSA-87, are about 22 kB of PEM. */
export const chainCharactersMax = 65_536

/** A token with a hundred long names stays below it. */
export const tokenCharactersMax = 16_384

/** A host has few live ports; the report names each serial once. */
export const servedSerialsMax = 64

/**
 * An issuer compares only the newest key that came through to it; so many later ones would have to be given up
 * without any of them having reached it.
 */
export const replacedKeysMax = 16

export const base64urlSchema: z.ZodType<string> = z
  .string()
  .regex(/^[A-Za-z0-9_-]+$/, 'is not base64url')
  .max(Math.ceil((requestDerBytesMax * 4) / 3))

/** Serial numbers as Mayfly writes them: lower-case hex, at most 20 octets (RFC 5280 4.1.2.2). */
export const serialSchema: z.ZodType<string> = z.string().regex(/^[0-9a-f]{2,40}$/, 'is not a serial number')

export const sha256HexSchema: z.ZodType<string> = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'is not a SHA-256 in hex')

/** RFC 3339 in UTC, as `formatInstant` writes it. */
export const timeSchema: z.ZodType<string> = z.iso.datetime({ offset: false })

/** Room for 128 random bits; long enough for a UUID. */
export const nonceSchema: z.ZodType<string> = z.string().regex(/^[A-Za-z0-9_-]{16,64}$/, 'is not a nonce')

export const countSchema: z.ZodType<number> = z.int().min(0)
