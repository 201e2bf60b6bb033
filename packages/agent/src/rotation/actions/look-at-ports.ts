import { isMayflyError, MayflyError } from '@mayfly/ca-core'
import type { Material } from '../../formats/material.ts'
import { liveGeneration } from '../../state/lineage-state.ts'
import type { Setback } from '../../state/setback.ts'
import { materialOf } from '../material-of.ts'
import type { RotationContext } from '../rotation-context.ts'

/** After so many looks in vain, each five minutes after the last at the most, a reload is tried again: about every hour. */
const looksBetweenReloads = 16

/**
 * Looks whether the live ports still serve what was brought there. A server that was started on other files since is
 * reloaded, as in a rotation. Where that does not help, the alarm stands, and the agent mostly looks: only now and then it
 * reloads again, since what it was in vain for may be over. A reload that could not be done is tried again at each look.
 * A server that does not answer is left alone: whoever stopped it knows.
 *
 * @throws MayflyError `probe-failed`, where it was reloaded in vain, or what kept it from being reloaded
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
  const before = state.setbacks.look
  if (before !== undefined && (isInVain(before) || sight.is === 'down')) {
    // While the same is seen, what kept the reload from mending it is worth knowing.
    const isSame = before.message.startsWith(sight.message)
    throw new MayflyError(before.code, isSame ? before.message : sight.message)
  }
  if (sight.is === 'down') return
  await reload(context, sight.message)
  await seeMended(context, material, sight.message)
  const { number: generation, serial } = live
  ports.tell({ event: 'port-mended', generation, serial, was: sight.message })
}

/** Whether another reload would do no more than the last one did. */
function isInVain({ code, attempts }: Setback): boolean {
  return code === 'probe-failed' && attempts % looksBetweenReloads !== 0
}

async function reload({ ports: { servers } }: RotationContext, seen: string): Promise<void> {
  try {
    await servers.check()
    await servers.reload()
  } catch (cause) {
    const code = cause instanceof MayflyError ? cause.code : 'reload-failed'
    throw new MayflyError(code, `${seen} A reload has failed: ${reasonOf(cause)}`, { cause })
  }
}

async function seeMended(
  { ports: { servers } }: RotationContext,
  material: Material,
  seen: string,
): Promise<void> {
  try {
    await servers.probe(material)
  } catch (cause) {
    // It served something, and now serves nothing: what the reload has ended it may start again.
    if (isMayflyError(cause) && cause.details.because === 'ended')
      await servers.reload().catch(() => undefined)
    throw new MayflyError('probe-failed', `${seen} A reload has not mended it: ${reasonOf(cause)}`, { cause })
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
