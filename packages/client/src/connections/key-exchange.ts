import { createSecureContext } from 'node:tls'

/**
 * Post-quantum hybrid first. `*` sends a key share for the group at once, so that a peer that only
 * knows X25519 costs no second round trip. `/` makes a server take the hybrid from whoever lists
 * it, in whatever order. Read by OpenSSL 3.5 and later.
 */
const hybridGroups = '*X25519MLKEM768/*X25519/P-256:P-384'

/** For a Node whose OpenSSL knows neither the hybrid nor the asterisk. */
const classicGroups = 'X25519:P-256:P-384'

/** The key exchange groups that this Node's OpenSSL accepts, for the option `ecdhCurve`. */
export const keyExchangeGroups: string = isAccepted(hybridGroups) ? hybridGroups : classicGroups

function isAccepted(groups: string): boolean {
  try {
    createSecureContext({ ecdhCurve: groups })
    return true
  } catch {
    return false
  }
}
