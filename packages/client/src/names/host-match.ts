import { type PeerName, samePeerName } from './peer-name.ts'

/**
 * Whether a presented name covers the host that was asked for, as RFC 9525 6.3: a wildcard stands
 * for exactly one whole label, the left-most. An address is matched by an address only.
 */
export function coversHost(presented: PeerName, host: PeerName): boolean {
  if (presented.type !== host.type) return false
  if (host.type !== 'dns' || !presented.value.startsWith('*.')) return samePeerName(presented, host)
  const afterFirstLabel = host.value.indexOf('.')
  return afterFirstLabel > 0 && host.value.slice(afterFirstLabel) === presented.value.slice(1)
}
