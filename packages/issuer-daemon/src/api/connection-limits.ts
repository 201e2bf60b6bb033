import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { addressForLimits } from './caller-address.ts'

/** What one address may have of the server's connections. */
export interface ConnectionLimits {
  /** Open at once. Asked at each connection. */
  perAddressMax(): number
  /** Whether this address speaks for many: then only the limit on all connections is for it. */
  isRelay(address: string): boolean
  /** Counts one more from an address, and says whether it may go on. */
  admit(address: string): boolean
}

/**
 * Ends connections over the limits before their handshake: a handshake costs more than any refusal, and whoever
 * holds every connection keeps all others out.
 */
export function limitConnections(server: Server, limits: ConnectionLimits): void {
  // Bounded by the open connections.
  const openByAddress = new Map<string, number>()
  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket
    // Gone already.
    if (remoteAddress === undefined) return
    if (limits.isRelay(remoteAddress)) return
    const address = addressForLimits(remoteAddress)
    const open = openByAddress.get(address) ?? 0
    if (open >= limits.perAddressMax() || !limits.admit(address)) {
      socket.destroy()
      return
    }
    openByAddress.set(address, open + 1)
    socket.once('close', () => leave(openByAddress, address))
  })
}

function leave(openByAddress: Map<string, number>, address: string): void {
  const left = (openByAddress.get(address) ?? 1) - 1
  if (left > 0) openByAddress.set(address, left)
  else openByAddress.delete(address)
}
