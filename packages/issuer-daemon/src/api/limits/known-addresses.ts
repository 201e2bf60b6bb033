import type { Clock } from '@mayfly/ca-core'

/**
 * Addresses remembered at once: more than one issuer has hosts in a day. Some hundred bytes each; the one that was
 * silent for longest is forgotten first.
 */
export const knownAddressesMax = 131_072

/** Hosts ask twice a day, and for the trust bundle every hour or a few times a day. */
const knownMs = 26 * 3_600_000

/** From where somebody has lately proved who it is, with a signature or a token. In memory: a restart forgets. */
export interface KnownAddresses {
  has(address: string): boolean
  add(address: string): void
}

export function createKnownAddresses(clock: Pick<Clock, 'monotonic'>): KnownAddresses {
  // In the order of the last proof.
  const provedAt = new Map<string, number>()
  return {
    has(address) {
      const atMs = provedAt.get(address)
      return atMs !== undefined && clock.monotonic() - atMs < knownMs
    },
    add(address) {
      provedAt.delete(address)
      if (provedAt.size >= knownAddressesMax) {
        const [oldest] = provedAt.keys()
        if (oldest !== undefined) provedAt.delete(oldest)
      }
      provedAt.set(address, clock.monotonic())
    },
  }
}
