import { liveGeneration, withKeyGivenUp, withKeyRefused } from '../../state/lineage-state.ts'
import { mayGiveUp } from '../../state/wasted-keys.ts'
import { paceOf } from '../pace.ts'
import type { RotationContext } from '../rotation-context.ts'
import { wasteKey } from '../waste-key.ts'

/** Drops a key that the issuer refuses to certify: the next plan makes another one. */
export async function dropRefusedKey(
  { ports, state, save }: RotationContext,
  because: string,
): Promise<void> {
  const { staged } = state
  if (staged === undefined) return
  await save(withKeyRefused(state, staged.keyHash))
  ports.tell({ event: 'key-dropped', keyHash: staged.keyHash, because })
}

/**
 * Gives a key up whose certificate is of no use, unless others were not long ago: another key means another
 * certificate. Resolves to whether that came about.
 */
export async function dropCertifiedKey(
  { ports, state, wish, save }: RotationContext,
  keyHash: string,
  because: string,
): Promise<boolean> {
  const now = ports.clock.now()
  if (!mayGiveUp(state.wasted, wish, now)) return false
  const wasted = wasteKey(state.wasted, {
    now,
    random: ports.random,
    pace: paceOf(state.head),
    liveUntil: (liveGeneration(state) ?? state.head).notAfter,
    wish,
  })
  await save({ ...withKeyGivenUp(state, keyHash), wasted })
  ports.tell({ event: 'key-dropped', keyHash, because })
  return true
}
