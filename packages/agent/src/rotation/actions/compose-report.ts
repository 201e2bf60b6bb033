import { type Report, servedSerialsMax } from '@mayfly/ca-core'
import { liveGeneration } from '../../state/lineage-state.ts'
import type { RotationContext } from '../rotation-context.ts'

/** What the issuer is told of this host with every request. */
export function composeReport({ ports, subject, state, held }: RotationContext): Report {
  const live = liveGeneration(state)
  return {
    version: subject.version,
    bundleSequence: held.bundle.sequence,
    generation: live?.number ?? 0,
    servedSerials: state.servedSerials.slice(0, servedSerialsMax),
    clockOffsetSeconds: ports.issuer.clockOffsetSeconds(),
    ...(state.auditHead !== undefined && { auditHead: state.auditHead }),
    ...(live !== undefined && { installedSerial: live.serial }),
  }
}
