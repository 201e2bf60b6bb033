import { systemNow } from './clock/system-clock.ts'
import type { OptionNames } from './known-options.ts'

/** A point in time: milliseconds since the Unix epoch, UTC. */
export type Instant = number

export interface TrustOptions {
  /**
   * A peer whose certificate was made to live longer is refused, whatever its chain.
   * Default: 90,000 (25 hours).
   */
  readonly maxLifetimeSeconds?: number
  /** Default: `TLSv1.3`. Lower it only for a peer that can do no better. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  /** For TCP and TLS together. Default: 10,000. */
  readonly connectTimeoutMs?: number
  /** The wall clock, for tests. Handshakes themselves go by the clock of the system. */
  readonly now?: () => Instant
}

export const trustOptionNames: OptionNames<TrustOptions> = {
  maxLifetimeSeconds: true,
  minVersion: true,
  connectTimeoutMs: true,
  now: true,
}

export type TrustSettings = Required<TrustOptions>

/** A day, an hour for clocks and backdating. */
export const maxLifetimeSecondsDefault = 90_000

/** A timer of Node's that is set for longer ends at once. */
const timerMsMax = 2_147_483_647

/** As long as undici gives a connection. */
const connectTimeoutMsDefault = 10_000

/** Fills in the defaults. Throws a `TypeError` for a value that would switch a rule off by mistake. */
export function settingsFrom(options: TrustOptions): TrustSettings {
  const {
    maxLifetimeSeconds = maxLifetimeSecondsDefault,
    minVersion = 'TLSv1.3',
    connectTimeoutMs = connectTimeoutMsDefault,
    now = systemNow,
  } = options
  requirePositive('maxLifetimeSeconds', maxLifetimeSeconds)
  requirePositive('connectTimeoutMs', connectTimeoutMs)
  if (connectTimeoutMs > timerMsMax) throw new TypeError(`connectTimeoutMs must be at most ${timerMsMax}`)
  if (minVersion !== 'TLSv1.2' && minVersion !== 'TLSv1.3') {
    throw new TypeError("minVersion must be 'TLSv1.2' or 'TLSv1.3'")
  }
  return { maxLifetimeSeconds, minVersion, connectTimeoutMs, now }
}

function requirePositive(name: string, value: number): void {
  // A NaN would make every comparison false and so every certificate short-lived.
  // Infinity would switch the rule off, and a text compares as nobody expects.
  if (!Number.isFinite(value) || value <= 0) throw new TypeError(`${name} must be a finite number over 0`)
}
