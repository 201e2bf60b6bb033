import { DerCursor } from '../der/der-cursor.ts'
import { contextTagConstructed, derTags } from '../der/der-tags.ts'
import { type PublicKey, readPublicKey } from '../keys/public-key.ts'
import { certificateBytesMax } from './parse-certificate.ts'

/**
 * The key in a certificate that was issued here and is kept here: nothing else in it is looked at, since everything
 * was when it was made. For certificates from elsewhere there is `parseCertificate`.
 * Throws `der-invalid`, `key-invalid`, `key-weak` or `key-type-unsupported`.
 */
export function keyOfOwnCertificate(der: Uint8Array): PublicKey {
  const cursor = new DerCursor(der, certificateBytesMax)
  cursor.enter()
  cursor.enter()
  cursor.take(contextTagConstructed(0))
  cursor.take(derTags.integer)
  // Algorithm, issuer, validity, subject.
  for (let passed = 0; passed < 4; passed++) cursor.take()
  return readPublicKey(cursor.take())
}
