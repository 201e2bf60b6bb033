/** A point in time: whole or fractional milliseconds since the Unix epoch, UTC. */
export type Instant = number

export const secondMs = 1_000
export const minuteMs = 60_000
export const hourMs = 3_600_000
export const dayMs = 86_400_000

/** `seconds` after `instant`; negative seconds go back. */
export function addSeconds(instant: Instant, seconds: number): Instant {
  return instant + seconds * secondMs
}

/** RFC 3339 in UTC, as every message, log and status of Mayfly writes times. */
export function formatInstant(instant: Instant): string {
  return new Date(instant).toISOString()
}
