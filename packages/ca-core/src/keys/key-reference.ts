import { parseDer } from '../der/der-element.ts'
import { derTags } from '../der/der-tags.ts'
import { fieldsOf } from '../der/der-values.ts'
import { encodeElement, encodeSequence, encodeUtf8String } from '../der/der-writer.ts'
import { decodePem, encodePem } from '../der/pem.ts'
import { MayflyError } from '../errors/mayfly-error.ts'

/*
 * A file that stands where a private key would, and names a key in a token. It has the form that OpenSSL's
 * pkcs11-provider reads and writes: SEQUENCE { VisibleString description, UTF8String uri }.
 */
const label = 'PKCS#11 PROVIDER URI'
const description = 'PKCS#11 Provider URI v1.0'

/** The file that names the key with this PKCS #11 URI (RFC 7512), PEM. */
export function encodeKeyReference(uri: string): string {
  const described = encodeElement(derTags.visibleString, Buffer.from(description, 'latin1'))
  return encodePem(label, encodeSequence(described, encodeUtf8String(uri)))
}

/** The URI in such a file. Throws `key-invalid`. */
export function decodeKeyReference(pem: string): string {
  try {
    const fields = fieldsOf(parseDer(decodePem(label, pem)))
    const described = fields.take(derTags.visibleString)
    const uri = fields.take(derTags.utf8String)
    fields.end()
    if (Buffer.from(described.content).toString('latin1') !== description)
      throw new TypeError('other version')
    return new TextDecoder('utf-8', { fatal: true }).decode(uri.content)
  } catch (cause) {
    throw new MayflyError('key-invalid', 'The file names no key in a token that can be read.', { cause })
  }
}

/** Whether `pem` names a key in a token, and is none itself. */
export function isKeyReference(pem: string): boolean {
  return pem.includes(`-----BEGIN ${label}-----`)
}
