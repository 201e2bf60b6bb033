import type { KeyType } from '../keys/key-type.ts'
import type { Signer } from './signer.ts'

/** A private key in a hardware security module, by the URI (RFC 7512) that is kept in its place. */
export interface HsmKey {
  readonly uri: string
  readonly signer: Signer
}

export interface HsmKeyOrder {
  readonly keyType: KeyType
  /** CKA_ID: how the key is found again. */
  readonly id: Uint8Array
  /** CKA_LABEL: what its owner sees. */
  readonly label: string
}

/**
 * A token that makes keys, keeps them and signs with them. Whatever is asked of it rejects with `hsm-unavailable` where
 * it cannot be reached, `hsm-pin-wrong` where it refuses the PIN.
 */
export interface Hsm {
  /** The URI that a key with this id has, or will have. */
  uriOf(id: Uint8Array): Promise<string>
  /** Makes a key that cannot be taken out. Rejects with `key-type-unsupported` where the token knows no such keys. */
  makeKey(order: HsmKeyOrder): Promise<HsmKey>
  /** The key of `uri`, after a signature of it was checked; `undefined` where the token has none. */
  findKey(uri: string): Promise<HsmKey | undefined>
  /** Destroys the key, if it is there. */
  destroyKey(uri: string): Promise<void>
  /** Has `changed` called whenever a signer's fault begins or is over. */
  onChange(changed: () => void): void
  close(): Promise<void>
}
