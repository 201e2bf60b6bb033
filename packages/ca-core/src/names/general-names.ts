import type { BackwardWriter } from '../der/backward-writer.ts'
import { parseDer } from '../der/der-element.ts'
import { derInvalid } from '../der/der-invalid.ts'
import { contextTag, derTags } from '../der/der-tags.ts'
import { elementsOf } from '../der/der-values.ts'
import { encodeContextPrimitive, encodeSequence } from '../der/der-writer.ts'
import { formatIpAddress, ipAddressBytes } from './ip-address.ts'
import { type Name, type NameType, nameOf } from './name.ts'

/** A certificate for more is better made two; TLS stacks limit the size of a handshake. */
export const namesMax = 100

/** RFC 5280 4.2.1.6: the context tags of GeneralName. */
const tagNumbers: Record<NameType, number> = { email: 1, dns: 2, uri: 6, ip: 7 }

/** GeneralNames (RFC 5280 4.2.1.6), DER. */
export function encodeGeneralNames(names: readonly Name[]): Uint8Array {
  return encodeSequence(...names.map(encodeGeneralName))
}

/**
 * The names of a GeneralNames. Kinds that Mayfly does not know, and texts that would be valid only
 * after a correction (a trailing dot, say), are refused: there is one reading.
 * Throws `der-invalid` or `name-invalid`.
 */
export function decodeGeneralNames(der: Uint8Array): Name[] {
  const elements = elementsOf(parseDer(der))
  if (elements.length === 0 || elements.length > namesMax)
    throw derInvalid(`there must be 1 to ${namesMax} names`)
  return elements.map(({ tag, content }) => decodeGeneralName(tag, content))
}

/** The same written backwards, for leaves. */
export function writeGeneralNames(writer: BackwardWriter, names: readonly Name[]): void {
  const end = writer.position
  for (let at = names.length - 1; at >= 0; at--) {
    const name = names[at] as Name
    const nameEnd = writer.position
    if (name.type === 'ip') writer.bytes(ipAddressBytes(name.value))
    else writer.ascii(name.value)
    writer.header(contextTag(tagNumbers[name.type]), nameEnd)
  }
  writer.header(derTags.sequence, end)
}

function encodeGeneralName(name: Name): Uint8Array {
  const content = name.type === 'ip' ? ipAddressBytes(name.value) : Buffer.from(name.value, 'latin1')
  return encodeContextPrimitive(tagNumbers[name.type], content)
}

function decodeGeneralName(tag: number, content: Uint8Array): Name {
  if (tag === contextTag(tagNumbers.ip)) return nameOf('ip', formatIpAddress(content))
  const type = (['dns', 'uri', 'email'] as const).find(
    (candidate) => contextTag(tagNumbers[candidate]) === tag,
  )
  if (type === undefined) throw derInvalid('a kind of name that is none of dns, ip, uri and email')
  const text = Buffer.from(content).toString('latin1')
  if (text.endsWith('.')) throw derInvalid('a name with a trailing dot')
  return nameOf(type, text)
}
