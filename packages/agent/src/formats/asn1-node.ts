import forge from 'node-forge'

/** A piece of ASN.1 to be written; nothing is ever read with it. */
export type Asn1Node = forge.asn1.Asn1

export function sequence(children: readonly Asn1Node[]): Asn1Node {
  return forge.asn1.create(forge.asn1.Class.UNIVERSAL, forge.asn1.Type.SEQUENCE, true, [...children])
}

/** X.690 11.6: the elements of a SET OF are sorted by their encoding. */
export function setOf(children: readonly Asn1Node[]): Asn1Node {
  const sorted = [...children].sort((a, b) => Buffer.compare(bytesOf(a), bytesOf(b)))
  return forge.asn1.create(forge.asn1.Class.UNIVERSAL, forge.asn1.Type.SET, true, sorted)
}

export function explicit(child: Asn1Node): Asn1Node {
  return forge.asn1.create(forge.asn1.Class.CONTEXT_SPECIFIC, 0, true, [child])
}

export function implicitOctets(content: Uint8Array): Asn1Node {
  return forge.asn1.create(forge.asn1.Class.CONTEXT_SPECIFIC, 0, false, binary(content))
}

function primitive(type: forge.asn1.Type, content: string): Asn1Node {
  return forge.asn1.create(forge.asn1.Class.UNIVERSAL, type, false, content)
}

export function oid(value: string): Asn1Node {
  return primitive(forge.asn1.Type.OID, forge.asn1.oidToDer(value).getBytes())
}

export function integer(value: number): Asn1Node {
  return primitive(forge.asn1.Type.INTEGER, forge.asn1.integerToDer(value).getBytes())
}

export function octets(content: Uint8Array): Asn1Node {
  return primitive(forge.asn1.Type.OCTETSTRING, binary(content))
}

/** node-forge makes two bytes of each character when it writes the string. */
export function bmpString(text: string): Asn1Node {
  return primitive(forge.asn1.Type.BMPSTRING, text)
}

export function nothing(): Asn1Node {
  return primitive(forge.asn1.Type.NULL, '')
}

export function bytesOf(node: Asn1Node): Uint8Array {
  return new Uint8Array(Buffer.from(forge.asn1.toDer(node).getBytes(), 'latin1'))
}

export function binary(content: Uint8Array): string {
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('latin1')
}
