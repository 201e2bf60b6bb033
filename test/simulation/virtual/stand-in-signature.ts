import crypto from 'node:crypto'

/** Of 256 messages so many are signed by OpenSSL all the same. */
const opensslShare = 16

/**
 * What stands in a story for an ECDSA signature of the key `spki` over `message` (`r`, then `s`); `undefined` where it is
 * to be a real one. Whoever has the key and the message can tell whether it is theirs, and nobody else can make it who
 * does not know of it: that is all that a story needs of what hosts and the issuer tell each other. OpenSSL reads the
 * certificates, so their signatures are real.
 */
export function standInSignature(spki: Uint8Array, message: Uint8Array): Buffer | undefined {
  if (isOfCertificate(message)) return undefined
  const half = crypto.hash('sha256', Buffer.concat([spki, message]), 'buffer')
  if ((half[31] as number) < opensslShare) return undefined
  // Positive and of full length, so that both ways to write it down have one length.
  half[0] = ((half[0] as number) & 0x3f) | 0x40
  return Buffer.concat([half, half])
}

/** `Ecdsa-Sig-Value` (RFC 3279 2.2.3) of two numbers of full length. */
export function toDerSignature(fixed: Uint8Array): Buffer {
  return Buffer.concat([sequenceStart, fixed.subarray(0, 32), integerStart, fixed.subarray(32)])
}

const integerStart = Buffer.from('0220', 'hex')
const sequenceStart = Buffer.from('30440220', 'hex')

/** RFC 5280 4.1: a sequence that begins with the version, in `[0]`; that of a request (RFC 2986) is a plain number. */
function isOfCertificate(message: Uint8Array): boolean {
  if (message[0] !== 0x30) return false
  const lengthOctets = (message[1] as number) < 0x80 ? 1 : 1 + ((message[1] as number) & 0x7f)
  return message[1 + lengthOctets] === 0xa0
}
