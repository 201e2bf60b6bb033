import { beginLineage, type LineageState } from '../state/lineage-state.ts'
import type { LineageStore } from '../state/lineage-store.ts'
import type { Tell } from './rotation-event.ts'

/**
 * Turns an enrolment that was answered into the lineage; the one before it, if any, ends here.
 * Safe to repeat after a crash. Gives back the state that holds now.
 */
export async function takeUpEnrolment(
  store: LineageStore,
  before: LineageState | undefined,
  tell: Tell,
): Promise<LineageState | undefined> {
  const record = await store.readEnrolment()
  if (record?.answered === undefined) return before
  if (before?.head.serial === record.answered.serial) {
    await store.removeEnrolment()
    return before
  }
  const { certificate, identity, profile, names, issuerUrl, rootFingerprint, madeAt, jti, answered } = record
  const owner = {
    certificate,
    identity,
    profile,
    names,
    issuerUrls: [issuerUrl],
    rootFingerprint,
    enrolledAt: madeAt,
    jti,
  }
  const state = beginLineage(owner, answered, { before, wish: await store.renewalWish() })
  await store.write(state)
  await store.removeEnrolment()
  tell({ event: 'enrolled', identity, serial: answered.serial })
  return state
}
