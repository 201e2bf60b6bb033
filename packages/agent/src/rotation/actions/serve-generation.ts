import { removeOldGenerations } from '../../installing/remove-old-generations.ts'
import { type LineageState, withCandidateAsHead } from '../../state/lineage-state.ts'
import { clearSetback } from '../../state/setback.ts'
import { credentialOf, materialOf } from '../material-of.ts'
import type { Holder } from '../rotation-action.ts'
import type { RotationContext } from '../rotation-context.ts'

/**
 * Brings what was switched to onto the live ports: the server's own test, the reload, and a look at what each
 * port serves. A candidate that is seen there becomes the head of the lineage.
 */
export async function serveGeneration(context: RotationContext, holder: Holder): Promise<void> {
  const { ports, subject, state, held, save, note } = context
  const { servers, trace, tell } = ports
  const credential = credentialOf(state, holder)
  const number = state.live?.number
  if (number === undefined) throw new TypeError('there is no generation to serve')
  const fields = { certificate: subject.name, serial: credential.serial, generation: number }

  await servers.check()
  trace.step('checked', fields)
  await servers.reload()
  trace.step('reloaded', fields)
  const servedSerials = await servers.probe(materialOf(credential, held.bundle))
  trace.step('probed', fields)

  const kept = await removeOld(context)
  const isNew = state.lastServed?.serial !== credential.serial
  const next = {
    ...(isNew ? withoutWasted(confirmed(state, holder)) : confirmed(state, holder)),
    servedSerials: [...servedSerials],
    ...(isNew && { lastServed: { serial: credential.serial, at: ports.clock.now() } }),
    generations: kept,
  }
  try {
    await save({ ...next, live: { number, served: true } })
  } catch (error) {
    // The ports have it, and a full disk is no reason to go back: it is served again until that could be written.
    note({ ...next, live: { number, served: false } })
    throw error
  }
  tell({ event: 'served', generation: number, serial: credential.serial, notAfter: credential.notAfter })
}

/** Old generations go only now, when the new one is seen to work. That it fails must not fail the rotation. */
async function removeOld({ ports, subject, state }: RotationContext): Promise<LineageState['generations']> {
  const place = { fileSystem: ports.fileSystem, live: subject.live, name: subject.name }
  const left = await removeOldGenerations({ ...place, keep: subject.settings.keep }).catch(() => undefined)
  return state.generations.filter(({ number }) => left === undefined || left.includes(number))
}

/** A certificate that was never served before is: whatever kept others from it is over. */
function withoutWasted({ wasted: _, ...rest }: LineageState): LineageState {
  return rest
}

function confirmed(state: LineageState, holder: Holder): LineageState {
  const { look: _seen, ...others } = state.setbacks
  const setbacks = clearSetback(clearSetback(others, 'restore'), 'install')
  if (holder === 'candidate') return { ...withCandidateAsHead(state), setbacks }
  if (state.candidate === undefined) return { ...state, setbacks }
  // Going back has worked, but what it went back from is still to be tried again.
  return { ...state, setbacks: clearSetback(others, 'restore') }
}
