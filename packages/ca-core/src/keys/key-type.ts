/** Every key type that Mayfly knows. ML-DSA (RFC 9881) needs TLS 1.3 on OpenSSL 3.5. */
export const keyTypes = [
  'ec-p256',
  'ec-p384',
  'ed25519',
  'rsa-3072',
  'rsa-4096',
  'ml-dsa-44',
  'ml-dsa-65',
  'ml-dsa-87',
] as const

export type KeyType = (typeof keyTypes)[number]

export const defaultKeyType: KeyType = 'ec-p256'
