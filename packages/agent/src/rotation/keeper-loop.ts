import { backoff, type Clock, minuteMs, type Random, secondMs } from '@mayfly/ca-core'
import type { CertificateKeeper } from './certificate-keeper.ts'
import type { Wait } from './rotation-action.ts'

/** The plan is made anew at least this often, so that clocks that jump and hosts that sleep cost a minute at most. */
const lookEveryMs = minuteMs
const failedStepBaseSeconds = 1
const failedStepCapSeconds = 300

export interface KeeperLoop {
  /** Ends the sleep: something has changed. */
  wake(): void
  /** Resolves when the loop has ended, after `signal` was aborted and what was under way is finished. */
  readonly ended: Promise<void>
}

export interface KeeperLoopOptions {
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
  /** The longest sleep. Simulations, which wake the loop themselves when something jumps, let it be longer. */
  readonly sleepMsMax?: number
  /** After every step, with the error that kept it from planning, or with what it waits for. */
  readonly onStep: (error: unknown, next?: Wait) => void
}

/** Drives a keeper until `signal` is aborted. No failure ends it. */
export function startKeeperLoop(keeper: CertificateKeeper, options: KeeperLoopOptions): KeeperLoop {
  const { clock, random, signal, onStep, sleepMsMax = lookEveryMs } = options
  let sleeping = new AbortController()
  let woken = false
  let failures = 0

  const stepOnce = async (): Promise<number> => {
    try {
      const wait = await keeper.step()
      failures = 0
      onStep(undefined, wait)
      return wait.until - clock.now()
    } catch (error) {
      onStep(error)
      const seconds = backoff({
        attempt: failures++,
        random,
        baseSeconds: failedStepBaseSeconds,
        capSeconds: failedStepCapSeconds,
      })
      return Math.max(seconds, failedStepBaseSeconds) * secondMs
    }
  }

  signal.addEventListener('abort', () => sleeping.abort(), { once: true })

  const run = async (): Promise<void> => {
    // The caller gets its loop before the first step tells of itself.
    await Promise.resolve()
    while (!signal.aborted) {
      woken = false
      const waitMs = Math.min(Math.max(await stepOnce(), 0), sleepMsMax)
      if (woken || signal.aborted) continue
      sleeping = new AbortController()
      await clock.sleep(waitMs, sleeping.signal).catch(() => undefined)
    }
  }

  return {
    wake() {
      woken = true
      sleeping.abort()
    },
    ended: run(),
  }
}
