/** The wall clock in milliseconds since the Unix epoch. The only place that reads it. */
export function systemNow(): number {
  return Date.now()
}
