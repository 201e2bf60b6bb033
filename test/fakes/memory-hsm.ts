import { generateKeyPair, type Hsm, type HsmKey, type KeyType, keySigner, MayflyError } from '@mayfly/ca-core'
import { FakeSigner } from './fake-signer.ts'

const known: readonly KeyType[] = ['ec-p256', 'ec-p384', 'ed25519', 'rsa-3072', 'rsa-4096']

/** An HSM whose keys are in memory; it can be away. */
export class MemoryHsm implements Hsm {
  readonly #keys = new Map<string, HsmKey>()
  /** Thrown by whatever is asked of it while it is set. */
  failure: MayflyError | undefined
  /** Called before a key is made. */
  onMaking: () => void = () => undefined

  get keys(): readonly string[] {
    return [...this.#keys.keys()]
  }

  async uriOf(id: Uint8Array): Promise<string> {
    this.#require()
    const digits = Array.from(id, (byte) => `%${byte.toString(16).padStart(2, '0')}`)
    return `pkcs11:token=memory;serial=0;id=${digits.join('')};type=private`
  }

  async makeKey({ keyType, id }: { readonly keyType: KeyType; readonly id: Uint8Array }): Promise<HsmKey> {
    this.#require()
    this.onMaking()
    if (!known.includes(keyType)) throw new MayflyError('key-type-unsupported', `No keys of type ${keyType}.`)
    const key = {
      uri: await this.uriOf(id),
      signer: new FakeSigner(keySigner(await generateKeyPair(keyType))),
    }
    this.#keys.set(key.uri, key)
    return key
  }

  async findKey(uri: string): Promise<HsmKey | undefined> {
    this.#require()
    return this.#keys.get(uri)
  }

  async destroyKey(uri: string): Promise<void> {
    this.#require()
    this.#keys.delete(uri)
  }

  onChange(): void {}

  async close(): Promise<void> {}

  #require(): void {
    if (this.failure !== undefined) throw this.failure
  }
}
