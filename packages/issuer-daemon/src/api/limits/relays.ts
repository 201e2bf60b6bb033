import { BlockList, isIP } from 'node:net'
import type { Caller } from '../../issuing/security-context.ts'

/** Entries of a header that are looked at, from the right: more relays in a row than this has nobody. */
const hopsMax = 16

/** Who relays requests of others, and is believed about where they came from. */
export interface Relays {
  /** Whether this address is one of them. */
  has(address: string): boolean
  /** Where a request came from: `peer` is the other end of the connection, `forwardedFor` its header as it came. */
  callerOf(peer: string, forwardedFor: string | undefined): Caller
}

/** An address, or a network such as `10.0.0.0/8`. */
export function isAddressOrNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128))
}

/** @param trusted addresses and networks, each as `isAddressOrNetwork` has it */
export function createRelays(trusted: readonly string[]): Relays {
  const list = new BlockList()
  for (const text of trusted) {
    const [address = '', prefix] = text.split('/')
    if (prefix === undefined) list.addAddress(address, familyOf(address))
    else list.addSubnet(address, Number(prefix), familyOf(address))
  }
  const has = (address: string): boolean => {
    const plain = plainAddress(address)
    return plain !== undefined && list.check(plain, familyOf(plain))
  }
  return {
    has,
    callerOf(peer, forwardedFor) {
      if (trusted.length === 0 || forwardedFor === undefined || !has(peer)) return { address: peer }
      const address = rightmostUntrusted(peer, forwardedFor, has)
      return address === peer ? { address } : { address, relay: peer }
    },
  }
}

/**
 * Each relay adds at the right whom it heard from, so an entry counts only where all to its right are relays. What is
 * left of that is whatever the caller wrote. Where an entry cannot be read, the relay that passed it on is the caller.
 */
function rightmostUntrusted(peer: string, forwardedFor: string, has: Relays['has']): string {
  let address = peer
  const entries = forwardedFor.split(',').slice(-hopsMax)
  for (const entry of entries.reverse()) {
    const hop = plainAddress(entry.trim())
    if (hop === undefined) return address
    address = hop
    if (!has(hop)) return address
  }
  return address
}

/** IPv4 in IPv6 form counts as IPv4, a zone is left out; some relays add the port. */
function plainAddress(text: string): string | undefined {
  const bare = text
    .replace(/^\[([^\]]*)\](?::\d{1,5})?$/, '$1')
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/, '$1')
    .replace(/%[\w.-]*$/, '')
    .toLowerCase()
    .replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '')
  return isIP(bare) === 0 ? undefined : bare
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6'
}
