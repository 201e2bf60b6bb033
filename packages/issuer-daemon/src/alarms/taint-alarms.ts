import type { IntermediateView } from '../issuing/intermediates/intermediate-views.ts'
import { counted } from './counted.ts'

export interface TaintAlarm {
  readonly because: 'authority-tainted'
  readonly message: string
  /** Certificates of the tainted intermediate that have not expired. */
  readonly liveLeaves: number
}

/**
 * An alarm for each tainted intermediate that still signs, or under which something still lives. What is in
 * `distrusted`, the SHA-256s of the trust bundle that is served, nobody has to see to any more.
 */
export function taintAlarms(views: readonly IntermediateView[], distrusted: readonly string[]): TaintAlarm[] {
  return views.flatMap((view) => {
    const { slot, fingerprint, taintedAt, liveLeaves = 0 } = view
    if (taintedAt === undefined) return []
    if (slot === 'current') {
      const message = `The intermediate ${fingerprint} is tainted, and no other is prepared: nothing is issued.`
      return [{ because: 'authority-tainted', liveLeaves, message }]
    }
    if (liveLeaves === 0) return []
    const [have, end] = liveLeaves === 1 ? ['has', 'it'] : ['have', 'the last']
    const next = distrusted.includes(fingerprint)
      ? 'The trust bundle distrusts it already.'
      : `Have the root distrust it: mayfly root bundle --distrust ${fingerprint}.`
    const message =
      `${counted(liveLeaves, 'certificate')} of the intermediate ${fingerprint}, tainted at ${taintedAt}, ${have} not expired; ` +
      `${end} ends at ${view.lastLeafNotAfter}. ${next}`
    return [{ because: 'authority-tainted', liveLeaves, message }]
  })
}
