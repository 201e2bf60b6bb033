import { constants } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { TrustError } from '../trust-error.ts'

/**
 * A resumed session skips the check of the certificate: an expired client certificate resumes as
 * `authorized: true` (CVE-2025-23419 in nginx, CVE-2025-68121 in Go, Node today). A short-lived
 * certificate is looked at in every handshake, so no ticket is made that could be resumed.
 */
export const unresumable: number = constants.SSL_OP_NO_TICKET

/** The second lock: whatever made a session resumable, a connection that did is not used. */
export function requireFullHandshake(socket: TLSSocket): void {
  if (!socket.isSessionReused()) return
  throw new TrustError(
    'session-resumed',
    "A TLS session was resumed, which skips the check of the peer's certificate; remove the option `session` and the event `resumeSession`.",
  )
}
