/** Ends what was started, in the opposite order. */
export class Shutdown {
  readonly #steps: (() => Promise<void>)[] = []

  /** Adds what ends the part that has just been started. */
  add(step: () => Promise<void>): void {
    this.#steps.push(step)
  }

  /** Runs each step once, also where one before it failed; rejects with the first failure. */
  async run(): Promise<void> {
    const failures: unknown[] = []
    for (const step of this.#steps.splice(0).reverse()) {
      await step().catch((error: unknown) => failures.push(error))
    }
    if (failures.length > 0) throw failures[0]
  }
}
