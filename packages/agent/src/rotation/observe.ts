import { namesOutside } from '@mayfly/ca-core'
import { installedFilesDiffer } from '../installing/drift.ts'
import type { HeldBundle } from '../state/held-bundle.ts'
import { type LineageState, liveGeneration } from '../state/lineage-state.ts'
import { materialOf } from './material-of.ts'
import type { Observations } from './plan-rotation.ts'
import type { RenewalWish } from './renewal-wish.ts'
import { expectedNames, type RotationPorts, type RotationSubject } from './rotation-context.ts'

/** Looks at what the plan must know besides the state: the live files, and whether a person is waiting. */
export async function observe(
  ports: RotationPorts,
  subject: RotationSubject,
  wish: RenewalWish,
  state: LineageState,
  held: HeldBundle,
): Promise<Observations> {
  const wished = await wish.stands()
  return {
    ...(await observeDrift(ports, subject, state, held).then(
      (drift) => ({ drift }),
      (unseen: unknown) => ({ drift: [], unseen }),
    )),
    ...(wished !== undefined && { wish: wished }),
    lacksNames: lacksNames(subject, state, held),
  }
}

/** Names come from the issuer's policy; what the configuration asks for beyond it, the issuer refuses when it is asked. */
function lacksNames(subject: RotationSubject, state: LineageState, held: HeldBundle): boolean {
  const [leaf] = materialOf(state.head, held.bundle).chain
  return leaf !== undefined && namesOutside(expectedNames(subject, state), leaf.names).length > 0
}

async function observeDrift(
  { fileSystem, servers }: RotationPorts,
  { live, name, access }: RotationSubject,
  state: LineageState,
  held: HeldBundle,
): Promise<string[]> {
  const generation = liveGeneration(state)
  const credential = [state.head, state.candidate].find((one) => one?.serial === generation?.serial)
  // Of anything else only the certificate and key are known that are about to replace it.
  if (generation === undefined || credential === undefined) return []
  if (generation.bundleSequence !== held.bundle.sequence) return []
  const files = await servers.encode(materialOf(credential, held.bundle))
  const drifts = await installedFilesDiffer({
    fileSystem,
    live,
    name,
    number: generation.number,
    files,
    access,
  })
  return drifts.map(({ path }) => path)
}
