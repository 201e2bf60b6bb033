import { MayflyError, secondMs } from '@mayfly/ca-core'
import type { Store } from '@mayfly/issuer-daemon'
import type { ChangePart } from '../../../packages/issuer-daemon/src/store/change.ts'
import type { Dice } from '../dice.ts'
import type { Owner, Timeline } from '../stories/timeline.ts'
import type { Ledger } from './ledger.ts'

/** So many commits wait for the disk long enough that other requests come in between. */
const slowCommitShare = 0.03
const slowCommitMsMax = 2 * secondMs

/** Thrown at whatever a dead process still tries. */
export class ProcessEnded extends Error {
  override readonly name = 'ProcessEnded'
}

export interface WatchedStoreOptions {
  readonly timeline: Timeline
  readonly owner: Owner
  readonly dice: Dice
  readonly ledger: Ledger
  /** Whether the disk takes no writes. */
  readonly isFull: () => boolean
  readonly onFull: () => void
  /** Told of every part that was written. */
  readonly onPart: (part: ChangePart) => void
}

/** A store whose writes take time, fail on a full disk, and end with their process. */
export function watchStore(inner: Store, options: WatchedStoreOptions): Store {
  const { timeline, owner, dice, ledger, isFull, onFull, onPart } = options
  return {
    ...inner,
    async commit(changes) {
      if (!owner.alive) throw new ProcessEnded('the issuer has ended')
      if (dice.chance(slowCommitShare)) await timeline.sleep(dice.spread(1, slowCommitMsMax), owner)
      if (isFull()) {
        onFull()
        throw new MayflyError('store-unavailable', 'the disk is full')
      }
      const outcomes = await inner.commit(changes)
      ledger.committed(changes, outcomes)
      changes.forEach(({ parts }, index) => {
        if (outcomes[index]?.done === true) for (const part of parts) onPart(part)
      })
      return outcomes
    },
  }
}
