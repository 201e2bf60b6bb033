import type { Negotiation } from './negotiation.ts'
import { NegotiationRefused } from './negotiation-refused.ts'
import { readBytes } from './read-bytes.ts'

/** PostgreSQL documentation 55.7, SSLRequest: the length 8, then 1234 and 5679 in 16 bits each. */
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])

/** Asks for TLS as libpq does. The answer is one byte: `S` or `N`. */
export const negotiatePostgresql: Negotiation = async (socket) => {
  socket.write(sslRequest)
  const [answer] = await readBytes(socket, 1)
  if (answer === 0x53) return
  throw new NegotiationRefused(
    answer === 0x4e
      ? 'PostgreSQL has TLS switched off: set ssl = on in postgresql.conf'
      : 'what answers there is not PostgreSQL',
  )
}
