import { nameInvalid } from './name-invalid.ts'

/** Fits a common name (64) with room, and any file system. */
export const identityNameCharactersMax = 63

/**
 * The name of an identity: `[a-z0-9]`, then letters, digits, `.`, `_` and `-`, never `..`, so that
 * it is safe as a file name, in logs, metrics and URLs. Throws `name-invalid`.
 */
export function parseIdentityName(text: string): string {
  if (/^[a-z0-9][a-z0-9._-]{0,62}$/.test(text) && !text.includes('..')) return text
  throw nameInvalid(
    text,
    `an identity has lower-case letters, digits, dots, hyphens and underscores, starts with a letter or digit, and has at most ${identityNameCharactersMax} characters`,
  )
}
