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

  const renew = async (): Promise<void> => {
    const next = await renewal.mint()
    renewal.install(next)
    current = next
    failures = 0
  }
  const waitMs = (): number => {
    if (failures > 0) {
      const options = { attempt: failures - 1, random, baseSeconds: retryBaseSeconds }
      return backoff({ ...options, capSeconds: retryCapSeconds }) * secondMs
    }
    return Math.min(Math.max(0, current.renewAt - clock.now()), sleepMsMax)
  }
  const run = async (): Promise<void> => {
    while (await slept(clock, waitMs(), stopping.signal)) {
      if (clock.now() < current.renewAt) continue
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
