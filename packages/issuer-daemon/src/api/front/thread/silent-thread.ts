import type { Clock } from '@mayfly/ca-core'

/** How often a thread is asked whether its loop turns. */
const askEveryMs = 5_000

/** So often in a row it may owe the answer: half a minute, as long as systemd waits for the main thread. */
const owedMax = 6

/** How long a thread was silent that has ended for it. */
export const silentMs: number = askEveryMs * owedMax

/** A thread that can be asked whether it still does its work. */
export interface AskedThread {
  ask(): void
  /** Whether it has answered since it was asked last. */
  hasAnswered(): boolean
}

/**
 * Resolves when a thread stands still: it has not ended, but turns its loop no more, and nobody else would see it.
 * Answers are counted and not the time, so that a main thread that was itself held up blames nobody.
 * Rejects with the reason of `signal`.
 */
export async function standsStill(
  thread: AskedThread,
  clock: Pick<Clock, 'sleep'>,
  signal: AbortSignal,
): Promise<void> {
  for (let owed = 0; owed < owedMax; ) {
    thread.ask()
    await clock.sleep(askEveryMs, signal)
    owed = thread.hasAnswered() ? 0 : owed + 1
  }
}
