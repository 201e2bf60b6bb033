import type { Socket } from 'node:net'

/**
 * Brings a fresh connection to the point where TLS begins. Rejects with a `NegotiationRefused`, or
 * with the socket's error. Leaves nothing read that belongs to TLS.
 */
export type Negotiation = (socket: Socket) => Promise<void>
