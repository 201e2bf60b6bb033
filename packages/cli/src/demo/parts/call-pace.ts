/** Calls in progress to one target: more would wait for the processor, and for nothing else. */
export const callsAtOnceMax = 32

/**
 * Says how many calls to begin now, `elapsedMs` after the start and with so many in progress. What can't be begun in
 * its time is left out for good: a caller that makes up for it later would make a slow machine slower, until
 * handshakes time out for the calls' sake.
 */
export function createPace(callsPerSecond: number): (elapsedMs: number, inProgress: number) => number {
  let settled = 0
  return (elapsedMs, inProgress) => {
    const due = Math.floor((elapsedMs / 1000) * callsPerSecond) - settled
    settled += due
    return Math.max(0, Math.min(due, callsAtOnceMax - inProgress))
  }
}
