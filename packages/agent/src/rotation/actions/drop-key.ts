import { withKeyGivenUp } from '../../state/lineage-state.ts'
import type { RotationContext } from '../rotation-context.ts'

/** Gives the staged key up: the next plan makes another one. */
export async function dropKey({ ports, state, save }: RotationContext, because: string): Promise<void> {
  const { staged } = state
  if (staged === undefined) return
  await save(withKeyGivenUp(state, staged.keyHash))
  ports.tell({ event: 'key-dropped', keyHash: staged.keyHash, because })
}
