import type { DerElement } from '../der/der-element.ts'
import { derInvalid } from '../der/der-invalid.ts'
import { oidOf } from '../der/der-oid.ts'
import { derTags } from '../der/der-tags.ts'
import { booleanOf, elementsOf, fieldsOf, octetStringOf } from '../der/der-values.ts'
import { encodeBoolean, encodeOctetString, encodeOid, encodeSequence } from '../der/der-writer.ts'

/** An X.509 extension: what its value means is read from `value`. */
export interface Extension {
  readonly oid: string
  readonly critical: boolean
  /** The DER inside the OCTET STRING. */
  readonly value: Uint8Array
}

/** Ours have at most 9. */
export const extensionsMax = 32

/** RFC 5280 4.1: DEFAULT FALSE is left out (X.690 11.5). */
export function encodeExtension(oid: string, critical: boolean, value: Uint8Array): Uint8Array {
  const flag = critical ? [encodeBoolean(true)] : []
  return encodeSequence(encodeOid(oid), ...flag, encodeOctetString(value))
}

/** Reads Extensions; one that appears twice is refused (RFC 5280 4.2). Throws `der-invalid`. */
export function parseExtensions(element: DerElement): Extension[] {
  const elements = elementsOf(element)
  if (elements.length === 0 || elements.length > extensionsMax)
    throw derInvalid('a wrong number of extensions')
  const extensions = elements.map(parseExtension)
  if (new Set(extensions.map(({ oid }) => oid)).size !== extensions.length)
    throw derInvalid('an extension appears twice')
  return extensions
}

function parseExtension(element: DerElement): Extension {
  const fields = fieldsOf(element)
  const oid = oidOf(fields.takeAny())
  const flag = fields.takeIf(derTags.boolean)
  const critical = flag !== undefined && booleanOf(flag)
  if (flag !== undefined && !critical) throw derInvalid('a default value that is written out')
  const value = octetStringOf(fields.takeAny())
  fields.end()
  return { oid, critical, value }
}
