/** Does a piece of work when it is its turn. */
export type InTurn = <Result>(work: () => Promise<Result>) => Promise<Result>

/** For work that waits for nobody. */
export const atOnce: InTurn = (work) => work()

/** One piece of work at a time, in the order in which they came; one that fails keeps no other from its turn. */
export function oneAtATime(): InTurn {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const mine = last.then(work)
    last = mine.catch(() => undefined)
    return mine
  }
}
