import { coversHost } from '../names/host-match.ts'
import { formatPeerName, type PeerName, parsePeerName, samePeerName } from '../names/peer-name.ts'

/** Whom a connection may be with. */
export type ExpectedPeer =
  /** The host of a URL, found in the SAN with the wildcard rules of RFC 9525. */
  | { readonly match: 'host'; readonly name: PeerName }
  /** One of these names, letter for letter in the SAN. A wildcard in a certificate gives no identity. */
  | { readonly match: 'identity'; readonly names: readonly PeerName[] }
  /** Anyone whom the bundle vouches for. */
  | { readonly match: 'anyone' }

/** Reads identities from configuration. Throws a `TypeError` for what can't be one. */
export function expectIdentity(texts: readonly string[]): ExpectedPeer {
  return { match: 'identity', names: texts.map(parseIdentity) }
}

export function expectHost(host: string): ExpectedPeer {
  return { match: 'host', name: parsePeerName(host) }
}

/** Whether one of the presented names is expected. */
export function isExpected(presented: readonly PeerName[], expected: ExpectedPeer): boolean {
  switch (expected.match) {
    case 'host':
      return presented.some((name) => coversHost(name, expected.name))
    case 'identity':
      return expected.names.some((wanted) => presented.some((name) => samePeerName(name, wanted)))
    case 'anyone':
      return true
  }
}

/** For messages: `dns:web-1 or uri:spiffe://…`. */
export function describeExpected(expected: ExpectedPeer): string {
  switch (expected.match) {
    case 'host':
      return formatPeerName(expected.name)
    case 'identity':
      return expected.names.map(formatPeerName).join(' or ') || 'nobody (the list is empty)'
    case 'anyone':
      return 'anyone'
  }
}

function parseIdentity(text: string): PeerName {
  const name = parsePeerName(text)
  if (name.value.startsWith('*')) {
    throw new TypeError(`An identity is one name, not a pattern: ${JSON.stringify(text)}`)
  }
  return name
}
