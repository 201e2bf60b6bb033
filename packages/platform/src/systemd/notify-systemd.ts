import type { Clock, ProcessRunner } from '@mayfly/ca-core'

export interface SystemdOptions {
  readonly processRunner: ProcessRunner
  readonly clock: Clock
  /** The daemon's environment: NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, as sd_notify(3) has them. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The daemon's own process id. */
  readonly pid: number
  /** A notification that did not arrive. The daemon goes on. */
  readonly onError: (error: unknown) => void
}

/** What a service tells systemd. Without NOTIFY_SOCKET every call does nothing. */
export interface SystemdNotifier {
  /** Start-up is complete. */
  ready(): Promise<void>
  /** The service has begun to stop. */
  stopping(): Promise<void>
  /** One line for `systemctl status`. */
  status(text: string): Promise<void>
  /**
   * Sends a keep-alive at half the time-out of WatchdogSec until `signal` is aborted, as long as
   * `isAlive` says so. Resolves at once where the unit asks for none.
   */
  keepAlive(signal: AbortSignal, isAlive?: () => boolean): Promise<void>
}

const notifyTimeoutMs = 5_000
const microsecondsPerMs = 1_000

/**
 * Speaks to systemd through systemd-notify(1): Node has no AF_UNIX datagram sockets. The message comes
 * from a child of the daemon, so units need `NotifyAccess=all`. systemd-notify waits until systemd has
 * read the message (BARRIER=1), so it can't be gone before systemd has looked up its unit.
 */
export function notifySystemd(options: SystemdOptions): SystemdNotifier {
  const { clock, environment, onError, processRunner } = options
  const socket = environment.NOTIFY_SOCKET

  const send = async (...assignments: string[]): Promise<void> => {
    if (socket === undefined) return
    try {
      const result = await processRunner.run(['systemd-notify', ...assignments], {
        timeoutMs: notifyTimeoutMs,
        env: { NOTIFY_SOCKET: socket },
      })
      if (result.exitCode !== 0) onError(new Error(`systemd-notify failed: ${result.stderr.trim()}`))
    } catch (error) {
      onError(error)
    }
  }

  return {
    ready: () => send('READY=1', `MAINPID=${options.pid}`),
    stopping: () => send('STOPPING=1'),
    status: (text) => send(`STATUS=${oneLine(text)}`),
    async keepAlive(signal: AbortSignal, isAlive: () => boolean = () => true): Promise<void> {
      const intervalMs = watchdogIntervalMs(options)
      if (socket === undefined || intervalMs === undefined) return
      while (!signal.aborted) {
        if (isAlive()) await send('WATCHDOG=1')
        await clock.sleep(intervalMs, signal).catch(() => undefined)
      }
    },
  }
}

/** sd_watchdog_enabled(3): keep-alives are due at half of WATCHDOG_USEC, if WATCHDOG_PID is us or absent. */
function watchdogIntervalMs(options: SystemdOptions): number | undefined {
  const microseconds = Number(options.environment.WATCHDOG_USEC)
  const pid = options.environment.WATCHDOG_PID
  if (!Number.isFinite(microseconds) || microseconds <= 0) return undefined
  if (pid !== undefined && pid !== String(options.pid)) return undefined
  return microseconds / microsecondsPerMs / 2
}

/** A line break would begin another assignment. */
function oneLine(text: string): string {
  return text.replaceAll(/[\r\n\0]+/g, ' ')
}
