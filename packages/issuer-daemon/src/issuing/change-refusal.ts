import { MayflyError } from '@mayfly/ca-core'
import type { ChangeRefusal } from '../store/change.ts'
import { clockBehindSecondsMax } from '../store/store.ts'
import type { Decided } from './decide-again.ts'

/** What follows when the store refuses a change: decide again, or tell the caller. */
export function afterRefusal(refused: ChangeRefusal): Decided<never> {
  switch (refused) {
    case 'nonce-seen':
      throw new MayflyError('request-replayed', 'This very request came before; sign a new one.')
    case 'clock-behind':
      throw new MayflyError(
        'clock-wrong',
        `The issuer's clock is more than ${clockBehindSecondsMax / 60} minutes behind what its store has seen; ` +
          'set it right, or if the time before was wrong, say so: mayfly issuer accept-clock.',
      )
    // By the next decision another intermediate signs, or `authority-tainted` is the answer.
    case 'authority-tainted':
    case 'identity-taken':
    case 'identity-moved':
    case 'token-taken':
    case 'key-taken':
    case 'serial-taken':
    case 'intent-gone':
    case 'identity-suspended':
      return { settled: false, because: 'overtaken' }
  }
}
