import { parseDnsName } from './dns-name.ts'
import { formatIpAddress, ipAddressBytes } from './ip-address.ts'
import type { Name, NameType } from './name.ts'
import { nameInvalid } from './name-invalid.ts'

/**
 * What a name constraint permits or excludes (RFC 5280 4.2.1.10): a DNS domain with all below it, an
 * IP network as `10.0.0.0/8`, and for URIs and e-mail a host, or with a leading dot all hosts below it.
 */
export interface NameRange {
  readonly type: NameType
  readonly value: string
}

/** Reads `dns:example.com`, `ip:10.0.0.0/8`, `uri:.example.com` or `email:example.com`. Throws `name-invalid`. */
export function parseNameRange(text: string): NameRange {
  const [, type = '', value = ''] = /^(dns|ip|uri|email):(.*)$/s.exec(text) ?? []
  if (type === '') throw nameInvalid(text, 'a range starts with dns:, ip:, uri: or email:')
  return nameRangeOf(type as NameType, value)
}

/** The range of `type` whose text is `text`, made canonical. Throws `name-invalid`. */
export function nameRangeOf(type: NameType, text: string): NameRange {
  if (type === 'ip') return { type, value: parseNetwork(text) }
  if (text.includes('*')) throw nameInvalid(text, 'a range is a domain without a wildcard')
  const dotted = text.startsWith('.')
  // RFC 5280 4.2.1.10 gives a leading dot a meaning for URIs and e-mail, and none for DNS names.
  if (dotted && type === 'dns')
    throw nameInvalid(text, 'a DNS range has no leading dot: it holds all below it anyway')
  const host = parseDnsName(dotted ? text.slice(1) : text)
  return { type, value: dotted ? `.${host}` : host }
}

/** The text that `parseNameRange` reads back to the same range. */
export function formatNameRange(range: NameRange): string {
  return `${range.type}:${range.value}`
}

/** Whether `range` holds `name`. Ranges of another type never do. */
export function rangeHolds(range: NameRange, name: Name): boolean {
  if (range.type !== name.type) return false
  switch (name.type) {
    case 'dns':
      // A wildcard is inside where everything that it covers is inside.
      return domainHolds(range.value, name.value.replace(/^\*\./, ''))
    case 'ip':
      return networkHolds(range.value, name.value)
    case 'uri':
      return hostHolds(range.value, new URL(name.value).hostname)
    case 'email':
      return hostHolds(range.value, name.value.slice(name.value.lastIndexOf('@') + 1))
  }
}

/** The address and mask of a network, 8 or 32 octets, as RFC 5280 4.2.1.10 encodes them. */
export function encodeNetwork(value: string): Uint8Array {
  const [address = '', prefix = ''] = value.split('/')
  const bytes = ipAddressBytes(address)
  return Uint8Array.of(...bytes, ...maskOf(bytes.length, Number(prefix)))
}

/** Reads what `encodeNetwork` writes; the mask must be of leading ones. Throws `name-invalid`. */
export function decodeNetwork(octets: Uint8Array): string {
  const size = octets.length / 2
  const mask = octets.subarray(size)
  const prefix = [...mask].reduce((bits, byte) => bits + byte.toString(2).replaceAll('0', '').length, 0)
  if (Buffer.compare(mask, maskOf(size, prefix)) !== 0) throw nameInvalid('network', 'its mask has a hole')
  return parseNetwork(`${formatIpAddress(octets.subarray(0, size))}/${prefix}`)
}

function parseNetwork(text: string): string {
  const [, address = '', digits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  if (address === '') throw nameInvalid(text, 'a network is written as 10.0.0.0/8')
  const bytes = ipAddressBytes(address)
  const prefix = Number(digits)
  if (prefix > bytes.length * 8) throw nameInvalid(text, 'its prefix is too long')
  const mask = maskOf(bytes.length, prefix)
  if (bytes.some((byte, i) => (byte & ~(mask[i] ?? 0)) !== 0))
    throw nameInvalid(text, 'it has bits after its prefix')
  return `${formatIpAddress(bytes)}/${prefix}`
}

function maskOf(size: number, prefix: number): Uint8Array {
  return Uint8Array.from(
    { length: size },
    (_, i) => 0xff & (0xff00 >> Math.min(Math.max(prefix - i * 8, 0), 8)),
  )
}

function networkHolds(network: string, address: string): boolean {
  const octets = encodeNetwork(network)
  const size = octets.length / 2
  const bytes = ipAddressBytes(address)
  return bytes.length === size && bytes.every((byte, i) => (byte & (octets[size + i] ?? 0)) === octets[i])
}

function domainHolds(domain: string, host: string): boolean {
  return host === domain || host.endsWith(`.${domain}`)
}

/** RFC 5280 4.2.1.10: with a leading dot the hosts below, without it that host alone. */
function hostHolds(range: string, host: string): boolean {
  return range.startsWith('.') ? host.endsWith(range) && host.length > range.length : host === range
}
