import { oids } from '../der/oids.ts'
import { encodeExtension } from '../x509/extension.ts'
import { type BasicConstraints, encodeBasicConstraints, encodeKeyUsage } from '../x509/extension-values.ts'
import { closeAddressGap, encodeNameConstraints, type NameConstraints } from '../x509/name-constraints.ts'

/** What roots and intermediates have in common. */
export function authorityExtensions(
  constraints: BasicConstraints,
  names: NameConstraints | undefined,
): Uint8Array[] {
  const nameConstraints =
    names === undefined
      ? []
      : [encodeExtension(oids.nameConstraints, true, encodeNameConstraints(closeAddressGap(names)))]
  return [
    encodeExtension(oids.basicConstraints, true, encodeBasicConstraints(constraints)),
    encodeExtension(oids.keyUsage, true, encodeKeyUsage(['keyCertSign', 'cRLSign'])),
    ...nameConstraints,
  ]
}
