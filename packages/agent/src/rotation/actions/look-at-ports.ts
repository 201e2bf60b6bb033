import { isMayflyError, MayflyError } from '@mayfly/ca-core'
import type { Material } from '../../formats/material.ts'
import { liveGeneration } from '../../state/lineage-state.ts'
import { materialOf } from '../material-of.ts'
import type { RotationContext } from '../rotation-context.ts'

/**
 * Looks whether the live ports still serve what was brought there. A server that was started on other files since is
 * reloaded once, as in a rotation. Where that does not help, the alarm stands, and the agent only looks until it is
 * mended. One that does not answer is left alone: whoever stopped it knows.
 *
 * @throws MayflyError `probe-failed`
 */
export async function lookAtLivePorts(context: RotationContext): Promise<void> {
  const { ports, state, held } = context
  const live = liveGeneration(state)
  const credential = [state.head, state.candidate].find((one) => one?.serial === live?.serial)
  // A bundle that has just come is installed first.
  if (live === undefined || credential === undefined) return
  const material = materialOf(credential, held.bundle)
  const sight = await ports.servers.look(material)
  if (sight.is === 'served') return
  const before = state.setbacks.look?.message
  // While the same is seen, what kept the reload from mending it is worth knowing.
  if (before !== undefined) {
    const isSame = before.startsWith(sight.message)
    throw new MayflyError('probe-failed', isSame ? before : sight.message)
  }
  if (sight.is === 'down') return
  await reloadOnce(context, material, sight.message)
  const { number: generation, serial } = live
  ports.tell({ event: 'port-mended', generation, serial, was: sight.message })
}

async function reloadOnce({ ports }: RotationContext, material: Material, seen: string): Promise<void> {
  const { servers } = ports
  try {
    await servers.check()
    await servers.reload()
    await servers.probe(material)
  } catch (cause) {
    // It served something, and now serves nothing: what the reload has ended it may start again.
    if (isMayflyError(cause) && cause.details.because === 'ended')
      await servers.reload().catch(() => undefined)
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MayflyError('probe-failed', `${seen} A reload has not mended it: ${reason}`, { cause })
  }
}
