import { hourMs, minuteMs } from '@mayfly/ca-core'
import type { IssuanceRecord } from '../../../packages/issuer-daemon/src/store/issuance-record.ts'
import { formatDuration } from '../format-duration.ts'
import type { World } from '../stories/world.ts'
import type { VirtualHost } from '../virtual/virtual-host.ts'

/** A renewal comes after about half a day; whatever is older by the end was forgotten. */
const ageMsMax = 14 * hourMs

/** After the faults have stopped: everybody serves a fresh certificate, and nothing is left over. */
export async function checkConvergence(world: World): Promise<void> {
  const { site, breakPromise, timeline, hosts, ledger } = world
  try {
    if (!site.isUp) throw breakPromise('converges', 'issuer', 'is still down')
    // A younger one is a request that is answered just now.
    const intendedBefore = timeline.now + site.clockAheadMs - minuteMs
    const [pending] = await site.store.pendingIntents({ intendedBefore, limit: 1 })
    if (pending !== undefined)
      throw breakPromise('converges', 'issuer', describePending(pending, timeline.now))
    for (const host of hosts) {
      if (ledger.copied.has(host.identity)) continue
      const left = whatIsLeft(host, timeline.now)
      if (left !== undefined) throw breakPromise('converges', host.name, left)
    }
  } catch (error) {
    if (error !== world.broken) throw error
  }
}

function describePending(
  { serial, identityId, generation, intendedAt }: IssuanceRecord,
  now: number,
): string {
  const age = formatDuration(now - intendedAt)
  return `the intent of ${serial} for identity ${identityId}, generation ${generation}, is pending since ${age}`
}

function whatIsLeft(host: VirtualHost, now: number): string | undefined {
  const state = host.keeper?.view().state
  if (state === undefined) return 'its agent does not run'
  const { serving } = host.server
  if (serving === undefined) return 'its server serves nothing'
  if (now - serving.notBefore > ageMsMax)
    return `serves the same certificate for ${(now - serving.notBefore) / hourMs} h`
  if (state.head.serial !== serving.serial && state.candidate?.serial !== serving.serial) {
    return 'serves another certificate than its agent thinks'
  }
  const setbacks = Object.entries(state.setbacks).map(([track, { code }]) => `${track}: ${code}`)
  if (setbacks.length > 0) return `still fails (${setbacks.join(', ')})`
  if (state.candidate === undefined && state.staged?.promise === undefined) return 'has not asked ahead'
  return undefined
}
