import { MayflyError } from '../errors/mayfly-error.ts'

/** RFC 4648 5, without padding. */
export function encodeBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}

/**
 * Reads base64url as strictly as it is written: one text for each value, so that nothing has two spellings.
 *
 * @throws MayflyError `request-invalid`
 */
export function decodeBase64url(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64url')
  // RFC 4648 3.5: the unused bits of the last character must be zero; Node's decoder ignores them.
  if (bytes.toString('base64url') !== text) {
    throw new MayflyError('request-invalid', 'A value is not canonical base64url.')
  }
  return new Uint8Array(bytes)
}
