import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'

export type PeerNameType = 'dns' | 'ip' | 'uri' | 'email'

/** One name of a peer. `value` is canonical, so two names are the same when their texts are. */
export interface PeerName {
  readonly type: PeerNameType
  readonly value: string
}

/**
 * Reads a name from configuration or a URL: `dns:web-1`, `ip:10.0.0.1`, `uri:spiffe://…`,
 * `email:…`, or bare, when its form tells the type (`web-1` is a DNS name).
 * Throws a `TypeError` where there is no such name.
 */
export function parsePeerName(text: string): PeerName {
  const [type, value] = splitType(text)
  const canonical = canonicalise(type, type === 'dns' ? asciiHost(value) : value)
  if (canonical === undefined) throw new TypeError(`Not a name of a peer: ${JSON.stringify(text)}`)
  return { type, value: canonical }
}

/** `dns:web-1` */
export function formatPeerName(name: PeerName): string {
  return `${name.type}:${name.value}`
}

export function samePeerName(a: PeerName, b: PeerName): boolean {
  return a.type === b.type && a.value === b.value
}

/**
 * The canonical text of a name as a certificate presents it, or undefined if it isn't one:
 * A-labels in lower case without a trailing dot, IP addresses in one spelling,
 * scheme and authority of a URI in lower case.
 */
export function canonicalise(type: PeerNameType, value: string): string | undefined {
  switch (type) {
    case 'dns':
      return canonicalDns(value)
    case 'ip':
      return canonicalIp(value)
    case 'uri':
      return canonicalUri(value)
    case 'email':
      return canonicalEmail(value)
  }
}

function splitType(text: string): [PeerNameType, string] {
  const [, type, value] = /^(dns|ip|uri|email):(.*)$/s.exec(text) ?? []
  if (type !== undefined && value !== undefined) return [type as PeerNameType, value]
  if (isIP(text) !== 0) return ['ip', text]
  if (text.includes('://')) return ['uri', text]
  return [text.includes('@') ? 'email' : 'dns', text]
}

/** What a person or a URL may write, as the A-labels that certificates hold. */
function asciiHost(host: string): string {
  const wildcard = host.startsWith('*.') ? '*.' : ''
  const rest = host.slice(wildcard.length).replace(/\.$/, '')
  // Only what isn't ASCII goes through IDNA: it would read `1.2` as an address.
  const isAscii = /^[!-~]*$/.test(rest)
  return wildcard + (isAscii ? rest : domainToASCII(rest))
}

/** RFC 1035: 255 octets on the wire leave 253 characters. */
const dnsNameCharactersMax = 253
const dnsLabel = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/

function canonicalDns(value: string): string | undefined {
  const name = value.toLowerCase()
  const labels = name.split('.')
  // RFC 9525 6.3: a wildcard is the whole left-most label, with something to its right.
  const plain = labels[0] === '*' && labels.length > 1 ? labels.slice(1) : labels
  if (name.length > dnsNameCharactersMax || !plain.every((label) => dnsLabel.test(label))) return undefined
  return isIP(name) === 0 ? name : undefined
}

function canonicalIp(value: string): string | undefined {
  // A zone says which interface of this host; no certificate can hold it.
  const address = value.replace(/%.*$/s, '')
  switch (isIP(address)) {
    case 4:
      return address
    case 6:
      return new URL(`http://[${address}]`).hostname.slice(1, -1)
    default:
      return undefined
  }
}

function canonicalUri(value: string): string | undefined {
  const [, scheme, authority, rest] =
    /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([!-.0-~]*)(\/[!-~]*)?$/.exec(value) ?? []
  if (scheme === undefined || authority === undefined) return undefined
  return `${scheme.toLowerCase()}://${authority.toLowerCase()}${rest ?? ''}`
}

function canonicalEmail(value: string): string | undefined {
  const [, local, domain] = /^([!-?A-~]+)@([^@]+)$/.exec(value) ?? []
  const host = domain === undefined ? undefined : canonicalDns(domain)
  return local === undefined || host === undefined || host.startsWith('*') ? undefined : `${local}@${host}`
}
