/** The server speaks, and does not offer TLS. The message says what to do. */
export class NegotiationRefused extends Error {
  override readonly name = 'NegotiationRefused'
}
