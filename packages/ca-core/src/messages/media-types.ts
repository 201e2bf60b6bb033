/** The media types of the wire, by what they carry. */
export const mediaTypes = {
  json: 'application/json',
  /** A signed request or a trust bundle: a flattened JWS (RFC 7515 9.2.1 names the JSON serialisation). */
  jws: 'application/jose+json',
  /** RFC 8555 9.1. */
  pemChain: 'application/pem-certificate-chain',
  /** RFC 9457. */
  problem: 'application/problem+json',
} as const
