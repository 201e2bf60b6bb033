import { isIPv4, isIPv6 } from 'node:net'
import { nameInvalid } from './name-invalid.ts'

export function isIpAddress(text: string): boolean {
  return isIPv4(text) || (isIPv6(text) && !text.includes('%'))
}

/**
 * An IP address in canonical text (RFC 5952). Zones and IPv4-mapped IPv6 addresses are refused: they
 * would be second ways to write one address. Throws `name-invalid`.
 */
export function parseIpAddress(text: string): string {
  return formatIpAddress(ipAddressBytes(text))
}

/** The 4 or 16 octets of an address. Throws `name-invalid`. */
export function ipAddressBytes(text: string): Uint8Array {
  if (!isIpAddress(text)) throw nameInvalid(text, 'it is no IP address')
  if (isIPv4(text)) return Uint8Array.from(text.split('.').map(Number))
  const bytes = ipv6Bytes(text)
  if (isMapped(bytes)) throw nameInvalid(text, 'write an IPv4-mapped address as the IPv4 address')
  return bytes
}

/** The canonical text of 4 or 16 octets. Throws `name-invalid`. */
export function formatIpAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length !== 16) throw nameInvalid(`${bytes.length} octets`, 'an IP address has 4 or 16 octets')
  if (isMapped(bytes)) throw nameInvalid(formatIpv6(bytes), 'it is an IPv4-mapped address')
  return formatIpv6(bytes)
}

function ipv6Bytes(text: string): Uint8Array {
  const [head = '', tail] = text.toLowerCase().split('::')
  const left = groupsOf(head)
  const right = tail === undefined ? [] : groupsOf(tail)
  const groups = [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right]
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
}

function groupsOf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}

/** RFC 4291 2.5.5.2: ::ffff:0:0/96. */
function isMapped(bytes: Uint8Array): boolean {
  return (
    bytes.length === 16 &&
    bytes.subarray(0, 10).every((byte) => byte === 0) &&
    bytes[10] === 0xff &&
    bytes[11] === 0xff
  )
}

/** RFC 5952 4: the longest run of zeros (the first of equals, never a single one) becomes `::`. */
function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i] ?? 0) * 256 + (bytes[2 * i + 1] ?? 0))
  const run = longestZeroRun(groups)
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':')
  if (run.length < 2) return text(groups)
  return `${text(groups.slice(0, run.start))}::${text(groups.slice(run.start + run.length))}`
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    const end = groups.findIndex((group, i) => i >= start && group !== 0)
    const length = (end === -1 ? groups.length : end) - start
    if (length > best.length) best = { start, length }
  }
  return best
}
