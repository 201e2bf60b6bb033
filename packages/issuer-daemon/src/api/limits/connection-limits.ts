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
  /** Without them addresses that have proved nothing yet are as good as others. */
  readonly newcomers?: NewcomerLimits
}

/**
 * What addresses may have that have proved nothing yet, all of them together. A flood from many addresses stays below
 * the limits of each; hosts that have asked before must get in all the same.
 */
export interface NewcomerLimits {
  isKnown(address: string): boolean
  /** Open at once. */
  openMax(): number
  /** Counts one more, and says whether it may go on. */
  admit(): boolean
}

/**
 * Ends connections over the limits before their handshake: a handshake costs more than any refusal, and whoever
 * holds every connection keeps all others out.
 */
export function limitConnections(server: Server, limits: ConnectionLimits): void {
  // Bounded by the open connections.
  const openByAddress = new Map<string, number>()
  let openNewcomers = 0

  const admitNewcomer = ({ openMax, admit }: NewcomerLimits): boolean => openNewcomers < openMax() && admit()

  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket
    // Gone already.
    if (remoteAddress === undefined) return
    if (limits.isRelay(remoteAddress)) return
    const address = addressForLimits(remoteAddress)
    const open = openByAddress.get(address) ?? 0
    const newcomers = limits.newcomers?.isKnown(address) === false ? limits.newcomers : undefined
    const isOver = open >= limits.perAddressMax() || !limits.admit(address)
    if (isOver || (newcomers !== undefined && !admitNewcomer(newcomers))) {
      socket.destroy()
      return
    }
    openByAddress.set(address, open + 1)
    if (newcomers !== undefined) openNewcomers += 1
    socket.once('close', () => {
      leave(openByAddress, address)
      if (newcomers !== undefined) openNewcomers -= 1
    })
  })
}

function leave(openByAddress: Map<string, number>, address: string): void {
  const left = (openByAddress.get(address) ?? 1) - 1
  if (left > 0) openByAddress.set(address, left)
  else openByAddress.delete(address)
}
