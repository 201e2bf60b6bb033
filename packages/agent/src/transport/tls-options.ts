/** Everything that Mayfly itself speaks: TLS 1.3, the post-quantum hybrid first. */
export const tlsOptions = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ecdhCurve: 'X25519MLKEM768:X25519:P-256:P-384',
} as const
