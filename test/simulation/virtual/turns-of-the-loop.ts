import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers/promises'

/** After so many the loop has a real turn: what Node and V8 leave for it must not wait for ever. */
const realTurnEach = 256

/**
 * Lets who waits for the next turn of the event loop go on without one, in this thread and from now on. The issuer
 * gives turns away so that others are served in between; of a story's tasks exactly one runs, and there is nobody.
 */
export function spareTurnsOfTheLoop(): void {
  const { setImmediate: nextTurn } = timers
  let spared = 0
  timers.setImmediate = ((value, options) => {
    if (++spared % realTurnEach === 0 || options !== undefined) return nextTurn(value, options)
    return Promise.resolve(value as never)
  }) as typeof nextTurn
  syncBuiltinESMExports()
}
