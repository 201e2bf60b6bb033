import type { FileSystem } from '@mayfly/ca-core'
import { type Drift, installedFilesDiffer } from '../installing/drift.ts'
import type { HeldBundle } from '../state/held-bundle.ts'
import { type LineageState, liveGeneration } from '../state/lineage-state.ts'
import type { HostServers } from './host-servers.ts'
import { materialOf } from './material-of.ts'
import type { RotationSubject } from './rotation-context.ts'

export interface DriftPorts {
  readonly fileSystem: FileSystem
  readonly servers: Pick<HostServers, 'encode'>
}

/** What is not as it was installed, of the generation that the live link should lead to. */
export async function liveDrift(
  { fileSystem, servers }: DriftPorts,
  { live, name, access }: Pick<RotationSubject, 'live' | 'name' | 'access'>,
  state: LineageState,
  held: HeldBundle,
): Promise<Drift[]> {
  const generation = liveGeneration(state)
  const credential = [state.head, state.candidate].find((one) => one?.serial === generation?.serial)
  // Of anything else only the certificate and key are known that are about to replace it.
  if (generation === undefined || credential === undefined) return []
  if (generation.bundleSequence !== held.bundle.sequence) return []
  const files = await servers.encode(materialOf(credential, held.bundle))
  return installedFilesDiffer({ fileSystem, live, name, number: generation.number, files, access })
}
