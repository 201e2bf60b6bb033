import type { DueIdentity } from '../store/identity-record.ts'

/** Keys that are remembered; of any more each sweep makes a record again. */
const rememberedMax = 100_000

/** Sixty-four bits: enough to tell the next key of an identity from this one. */
const keyCharacters = 16

export interface KeyFailure {
  readonly identity: Pick<DueIdentity, 'id' | 'staged'>
  readonly reason: string
}

/**
 * The keys whose failure is in the audit already: they stay due, and every sweep fails on them. One that fails again
 * after it did not, by another reason, or after a start, is told again.
 */
export class ToldFailures {
  #before = new Map<number, string>()
  #now = new Map<number, string>()

  isTold({ identity, reason }: KeyFailure): boolean {
    const text = textOf(identity, reason)
    return this.#before.get(identity.id) === text || this.#now.get(identity.id) === text
  }

  /** It fails in this sweep, and the audit has it. */
  tell({ identity, reason }: KeyFailure): void {
    if (this.#now.size < rememberedMax) this.#now.set(identity.id, textOf(identity, reason))
  }

  /** Every key that is due has been looked at: what was not told of since the last time does not fail any more. */
  swept(): void {
    this.#before = this.#now
    this.#now = new Map()
  }
}

function textOf({ staged }: KeyFailure['identity'], reason: string): string {
  return `${staged.keyHash.slice(0, keyCharacters)} ${reason}`
}
