/**
 * Says whether a reading hangs, from looks at its turn: odd while an input is read, and another one for each. Time in
 * which nothing is read does not count, nor does that of readings before. Pure but for what it saw last.
 */
export function createHangLook(hangMs: number): (turn: number, nowMs: number) => boolean {
  let lastTurn = 0
  let sinceMs = 0
  return (turn, nowMs) => {
    const isSameReading = turn === lastTurn && turn % 2 === 1
    if (!isSameReading) sinceMs = nowMs
    lastTurn = turn
    return nowMs - sinceMs >= hangMs
  }
}
