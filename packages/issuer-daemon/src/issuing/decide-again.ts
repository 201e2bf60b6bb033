import { type Clock, MayflyError } from '@mayfly/ca-core'

/** A decision is overtaken by another request of the same identity; more in a row than this is a flood. */
const overtakenMax = 8

/** Minting takes milliseconds; whoever waits for longer had better come again. */
const progressWaitMs = 50
const progressWaitsMax = 60

export type Decided<Result> =
  | { readonly settled: true; readonly result: Result }
  /** The state had changed before the decision was written. */
  | { readonly settled: false; readonly because: 'overtaken' }
  /** The certificate is being minted by someone else. */
  | { readonly settled: false; readonly because: 'in-progress' }

/**
 * Decides anew on fresh state until a decision was written that nothing overtook.
 *
 * @throws MayflyError `overloaded` where that doesn't come about
 */
export async function decideAgain<Result>(
  clock: Clock,
  decide: () => Promise<Decided<Result>>,
): Promise<Result> {
  let overtaken = 0
  let waits = 0
  while (overtaken < overtakenMax && waits < progressWaitsMax) {
    const decided = await decide()
    if (decided.settled) return decided.result
    if (decided.because === 'overtaken') {
      overtaken++
    } else {
      waits++
      await clock.sleep(progressWaitMs)
    }
  }
  throw new MayflyError('overloaded', 'Too many requests for this identity at once; ask again.')
}
