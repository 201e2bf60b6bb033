import type { Negotiation } from './negotiation.ts'
import { NegotiationRefused } from './negotiation-refused.ts'
import { readBytes } from './read-bytes.ts'

/** MySQL internals, Protocol::HandshakeV10. */
const handshakeVersion = 10
const capabilities = { protocol41: 0x0200, ssl: 0x0800, secureConnection: 0x8000 } as const
const headerBytes = 4
/** A greeting has about 100 bytes; an error packet some more. */
const greetingBytesMax = 1_024
const packetBytesMax = 0x00ff_ffff
const utf8mb4GeneralCi = 45

/**
 * Reads the server's greeting and answers with an SSLRequest packet, as MariaDB's and MySQL's clients do.
 *
 * The probe leaves without logging in, which the server counts against this host until somebody logs
 * in from here (`max_connect_errors`). It does not count what comes over the loopback: probe there.
 */
export const negotiateMysql: Negotiation = async (socket) => {
  const header = await readBytes(socket, headerBytes)
  const length = header.readUIntLE(0, 3)
  if (length === 0 || length > greetingBytesMax) throw notMysql()
  const greeting = await readBytes(socket, length)
  if (greeting[0] === 0xff) throw new NegotiationRefused(`the server refuses: ${errorText(greeting)}`)
  if ((capabilitiesOf(greeting) & capabilities.ssl) === 0) {
    throw new NegotiationRefused(
      'the server has TLS switched off: set ssl_cert and ssl_key in its configuration',
    )
  }
  socket.write(sslRequest((header[3] ?? 0) + 1))
}

/** The lower two bytes of the capability flags come after the version, the thread id, 8 bytes and a zero. */
function capabilitiesOf(greeting: Buffer): number {
  const versionEnd = greeting.indexOf(0, 1)
  const offset = versionEnd + 1 + 4 + 8 + 1
  if (greeting[0] !== handshakeVersion || versionEnd === -1 || offset + 2 > greeting.length) throw notMysql()
  return greeting.readUInt16LE(offset)
}

function sslRequest(sequence: number): Buffer {
  const packet = Buffer.alloc(headerBytes + 32)
  packet.writeUIntLE(32, 0, 3)
  packet.writeUInt8(sequence & 0xff, 3)
  packet.writeUInt32LE(capabilities.protocol41 | capabilities.ssl | capabilities.secureConnection, 4)
  packet.writeUInt32LE(packetBytesMax, 8)
  packet.writeUInt8(utf8mb4GeneralCi, 12)
  return packet
}

/** ERR_Packet: 0xff, two bytes of error number, then text. Only printable characters are passed on. */
function errorText(packet: Buffer): string {
  return packet
    .subarray(3)
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, '')
}

function notMysql(): NegotiationRefused {
  return new NegotiationRefused('what answers there is neither MariaDB nor MySQL')
}
