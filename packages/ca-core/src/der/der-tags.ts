/** Identifier octets of the universal types in use (X.690 8.1.2), constructed bit included. */
export const derTags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

/** Context tag `number`, primitive: an IMPLICIT tag over a primitive type. */
export function contextTag(number: number): number {
  return 0x80 | number
}

/** Context tag `number`, constructed: an EXPLICIT tag, or an IMPLICIT one over a constructed type. */
export function contextTagConstructed(number: number): number {
  return 0xa0 | number
}
