/** Cryptographically strong random bytes, as a port: serials, nonces, salts and jitter come from here. */
export interface Random {
  /** `count` fresh bytes. */
  bytes(count: number): Uint8Array
}
