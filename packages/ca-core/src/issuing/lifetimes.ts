/** A leaf lives at most a day, its backdating included: that is the whole idea. */
export const leafLifetimeSecondsMax = 86_400

/** Shorter than this, a certificate would expire on its way to the host. */
export const leafLifetimeSecondsMin = 10

/** Clocks of hosts are off by minutes; ten seconds of backdating were not enough elsewhere. */
export const backdateSeconds = 300

/** 90 days: an intermediate is online, so it is replaced often enough to practise it. */
export const intermediateLifetimeSeconds: number = 90 * 86_400

/** An intermediate that could not cover one leaf and one ceremony would be a mistake. */
export const intermediateLifetimeSecondsMin: number = 3_600

export const rootLifetimeYears = 20

/** The same day `years` later; 29 February becomes 1 March. */
export function addYears(instant: number, years: number): number {
  const date = new Date(instant)
  date.setUTCFullYear(date.getUTCFullYear() + years)
  return date.getTime()
}
