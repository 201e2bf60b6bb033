import { encodeBase64url, type Random } from '@mayfly/ca-core'

const tokenIdBytes = 16

/** The first six bits are the first character; from 62 on it would be no letter and no digit. */
const firstByteMask = 0x7f

/**
 * The `jti` of a token (RFC 7519 4.1.7): 22 characters of base64url with 127 random bits. It begins with a letter, as
 * people give it to commands, for which a text that begins with `-` is an option.
 */
export function drawTokenId(random: Random): string {
  const [first = 0, ...others] = random.bytes(tokenIdBytes)
  return encodeBase64url(Uint8Array.of(first & firstByteMask, ...others))
}
