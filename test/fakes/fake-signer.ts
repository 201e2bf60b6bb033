import type { KeyType, Signer, SignerFault } from '@mayfly/ca-core'

/**
 * A signer as a token or a remote service is one: it answers later, and can go away. It signs with the
 * key of the signer that it wraps.
 */
export class FakeSigner implements Signer {
  readonly #inner: Signer
  /** How many signatures were made. */
  signatures = 0
  /** Thrown instead of signing while it is set. */
  failure: Error | undefined
  /** What it says of itself. */
  known: SignerFault | undefined

  constructor(inner: Signer) {
    this.#inner = inner
  }

  get keyType(): KeyType {
    return this.#inner.keyType
  }

  get spki(): Uint8Array {
    return this.#inner.spki
  }

  fault(): SignerFault | undefined {
    return this.known
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    await new Promise<void>((resolve) => setImmediate(resolve))
    if (this.failure !== undefined) throw this.failure
    this.signatures++
    return this.#inner.sign(message)
  }
}
