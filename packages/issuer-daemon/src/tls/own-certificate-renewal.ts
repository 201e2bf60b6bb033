import { backoff, type Clock, minuteMs, type Random, secondMs } from '@mayfly/ca-core'
import type { OwnCertificate } from './own-certificate.ts'

/** The longest sleep: after a suspend or a jump of the clock the plan is made anew within a minute. */
const sleepMsMax = minuteMs
const retryBaseSeconds = 1
const retryCapSeconds = 60

export interface OwnCertificateRenewal {
  readonly clock: Clock
  readonly random: Random
  mint(): Promise<OwnCertificate>
  install(next: OwnCertificate): void
  /** Told of each attempt that failed; the old certificate stays, and the next attempt comes. */
  failed(error: unknown): void
}

export interface RunningRenewal {
  /** What new connections are shown. */
  current(): OwnCertificate
  /** Renews ahead of time, because the intermediate was replaced. Rejects where that fails. */
  renewNow(): Promise<void>
  /** The same without waiting for it: where it fails it is tried again until it is done. */
  renewSoon(): void
  stop(): Promise<void>
}

/** Renews the issuer's own certificate whenever its `renewAt` comes. */
export function startOwnCertificateRenewal(
  first: OwnCertificate,
  renewal: OwnCertificateRenewal,
): RunningRenewal {
  const { clock, random } = renewal
  const stopping = new AbortController()
  let current = first
  let failures = 0
  let isWanted = false
  let sleeping = new AbortController()

  const renew = async (): Promise<void> => {
    const next = await renewal.mint()
    renewal.install(next)
    current = next
    failures = 0
    isWanted = false
  }
  const waitMs = (): number => {
    if (failures > 0) {
      const options = { attempt: failures - 1, random, baseSeconds: retryBaseSeconds }
      return backoff({ ...options, capSeconds: retryCapSeconds }) * secondMs
    }
    if (isWanted) return 0
    return Math.min(Math.max(0, current.renewAt - clock.now()), sleepMsMax)
  }
  const sleep = async (): Promise<boolean> => {
    sleeping = new AbortController()
    const signal = AbortSignal.any([stopping.signal, sleeping.signal])
    return (await slept(clock, waitMs(), signal)) || !stopping.signal.aborted
  }
  const run = async (): Promise<void> => {
    while (await sleep()) {
      if (!isWanted && clock.now() < current.renewAt) continue
      await renew().catch((error: unknown) => {
        failures += 1
        renewal.failed(error)
      })
    }
  }

  const ended = run()
  return {
    current: () => current,
    renewNow: renew,
    renewSoon() {
      isWanted = true
      sleeping.abort()
    },
    stop() {
      stopping.abort()
      return ended
    },
  }
}

/** Whether the time was slept to its end. */
async function slept(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return clock.sleep(milliseconds, signal).then(
    () => true,
    () => false,
  )
}
