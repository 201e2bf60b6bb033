/**
 * Lets reloads through until the end: one that is under way is waited for, and none begins after it. It would open sockets
 * that nothing closes again, and a process that said that it had stopped would answer there without a store.
 */
export class ReloadGate {
  #underWay: Promise<unknown> = Promise.resolve()
  #isClosed = false

  /** Rejects as `reload` does. Once closed it does nothing: the next start reads what is on disk by then. */
  pass(reload: () => Promise<void>): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    const work = reload()
    this.#underWay = Promise.allSettled([this.#underWay, work])
    return work
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#underWay
  }
}
