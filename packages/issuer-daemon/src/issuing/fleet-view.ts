import type { AgentKind } from '../store/fleet-figures.ts'

/** What the agents of all identities told in their last accepted requests; hosts that are gone are still in it. */
export interface FleetView {
  readonly agents: number
  /** Those that hold an older trust bundle than the one that is served. */
  readonly agentsBehind: number
  /** The most frequent first. */
  readonly byVersion: readonly { readonly version: string; readonly agents: number }[]
  /** The newest first. */
  readonly byBundleSequence: readonly { readonly bundleSequence: number; readonly agents: number }[]
}

/** Sums the kinds of agents up, once by version and once by trust bundle. */
export function viewFleet(kinds: readonly AgentKind[], bundleSequence: number): FleetView {
  const behind = kinds.filter((kind) => kind.bundleSequence < bundleSequence)
  const versions = sumBy(kinds, ({ version }) => version)
  const sequences = sumBy(kinds, (kind) => kind.bundleSequence)
  return {
    agents: sum(kinds),
    agentsBehind: sum(behind),
    byVersion: [...versions]
      .map(([version, agents]) => ({ version, agents }))
      .sort((one, other) => other.agents - one.agents),
    byBundleSequence: [...sequences]
      .map(([sequence, agents]) => ({ bundleSequence: sequence, agents }))
      .sort((one, other) => other.bundleSequence - one.bundleSequence),
  }
}

function sumBy<Key>(kinds: readonly AgentKind[], keyOf: (kind: AgentKind) => Key): Map<Key, number> {
  const sums = new Map<Key, number>()
  for (const kind of kinds) sums.set(keyOf(kind), (sums.get(keyOf(kind)) ?? 0) + kind.agents)
  return sums
}

function sum(kinds: readonly AgentKind[]): number {
  return kinds.reduce((agents, kind) => agents + kind.agents, 0)
}
