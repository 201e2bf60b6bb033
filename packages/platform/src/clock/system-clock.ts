import { uptime } from 'node:os'
import { type Clock, type Instant, secondMs } from '@mayfly/ca-core'

/** The longest wait that Node's timers keep: 2^31 - 1 ms. A longer one would fire at once. */
const timerMsMax = 2_147_483_647

/** The machine's clock. */
export const systemClock: Clock = {
  now(): Instant {
    return Date.now()
  },

  monotonic(): number {
    return performance.now()
  },

  sinceBoot(): number {
    // Linux: /proc/uptime, or behind ProcSubset=pid CLOCK_BOOTTIME in whole seconds. Elsewhere it hangs on the wall clock.
    return process.platform === 'linux' ? uptime() * secondMs : performance.now()
  },

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    const end = performance.now() + milliseconds
    for (;;) {
      const left = end - performance.now()
      await sleepOnce(Math.min(Math.max(left, 0), timerMsMax), signal)
      if (performance.now() >= end) return
    }
  },
}

function sleepOnce(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, Math.ceil(milliseconds))
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
