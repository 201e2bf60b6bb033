import { withCandidateAsHead } from '../../state/lineage-state.ts'
import { clearSetback } from '../../state/setback.ts'
import type { RotationContext } from '../rotation-context.ts'

/** Lets the candidate sign requests although it was never seen on the live ports. */
export async function adoptCandidate(
  { ports, state, save }: RotationContext,
  because: string,
): Promise<void> {
  const { candidate } = state
  if (candidate === undefined) throw new TypeError('there is no candidate to adopt')
  const { install } = state.setbacks
  const setbacks = {
    ...clearSetback(state.setbacks, 'install'),
    ...(install !== undefined && { restore: install }),
  }
  await save({ ...withCandidateAsHead(state), setbacks })
  ports.tell({ event: 'adopted', serial: candidate.serial, because })
}
