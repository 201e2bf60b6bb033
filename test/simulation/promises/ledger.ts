import type { Change, ChangeOutcome } from '../../../packages/issuer-daemon/src/store/change.ts'
import type { BrokenPromise, PromiseName } from './broken-promise.ts'

/** Ends the story. */
export type Break = (promise: PromiseName, who: string, what: string) => BrokenPromise

/**
 * The simulation's own book of what was signed, kept beside the store and not from it: what the store forgets
 * or lets through twice is still seen here.
 */
export class Ledger {
  readonly #break: Break
  readonly #intended = new Map<string, { readonly keyHash: string; readonly holder: string }>()
  readonly #signed = new Set<string>()
  readonly #recorded = new Set<string>()
  readonly #holders = new Map<string, string>()
  /** Identities whose lineage was copied on purpose. */
  readonly copied = new Set<string>()
  readonly suspended = new Map<string, readonly string[]>()
  burnt = 0

  constructor(breakPromise: Break) {
    this.#break = breakPromise
  }

  get signatures(): number {
    return this.#signed.size
  }

  isRecorded(serial: string): boolean {
    return this.#recorded.has(serial)
  }

  /** A transaction of the store that came through. */
  committed(changes: readonly Change[], outcomes: readonly ChangeOutcome[]): void {
    changes.forEach((change, index) => {
      if (outcomes[index]?.done === true) this.#note(change)
    })
  }

  /** The intermediate's key is about to sign a leaf. */
  signing(serial: string, keyHash: string): void {
    const intent = this.#intended.get(serial)
    if (intent?.keyHash !== keyHash) {
      throw this.#break('recorded-before-signed', 'issuer', `signs ${serial}, which it had not recorded`)
    }
    if (this.#signed.has(serial)) throw this.#break('no-serial-twice', 'issuer', `signs ${serial} again`)
    this.#signed.add(serial)
    const other = this.#holders.get(keyHash) ?? intent.holder
    this.#holders.set(keyHash, intent.holder)
    if (other === intent.holder) return
    throw this.#break('no-key-for-two-lineages', 'issuer', `certifies a key of ${other} for ${intent.holder}`)
  }

  #note({ parts }: Change): void {
    for (const part of parts) {
      if (part.do === 'intend') {
        const { serial, keyHash, identityId, lineage } = part.intent
        if (this.#intended.has(serial)) {
          throw this.#break('no-serial-twice', 'issuer', `sets ${serial} aside for a second time`)
        }
        this.#intended.set(serial, { keyHash, holder: `identity ${identityId}, lineage ${lineage}` })
      } else if (part.do === 'record') {
        this.#recorded.add(part.certificate.serial)
      } else if (part.do === 'burn') {
        this.burnt++
      } else if (part.do === 'move-identity') {
        const { name, suspension } = part.next
        if (suspension !== undefined) this.#noteSuspension(name, suspension.addresses)
      }
    }
  }

  #noteSuspension(name: string, addresses: readonly string[]): void {
    this.suspended.set(name, addresses)
    if (this.copied.has(name)) return
    throw this.#break('no-false-alarm', name, `is suspended, seen from ${addresses.join(' and ')}`)
  }
}
