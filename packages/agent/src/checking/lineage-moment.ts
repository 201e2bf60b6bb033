import type { Clock, FileSystem } from '@mayfly/ca-core'
import { installedGeneration } from '../installing/installed-generation.ts'
import type { CertificatePlace } from '../installing/paths.ts'
import type { LineageState } from '../state/lineage-state.ts'

/** How long a check waits for a rotation that is just being finished: a reload and a look at the ports take seconds. */
const settleMsMax = 10_000
const lookMs = 250

/** A lineage as it is found while an agent may be at work on it. */
export interface LineageMoment {
  readonly state: LineageState
  /**
   * The generation that the live link leads to and that the journal does not call live: between the switch and the look
   * at the ports, or where the process was ended there.
   */
  readonly underWay: number | undefined
}

export interface MomentPorts {
  readonly clock: Clock
  readonly fileSystem: FileSystem
}

export async function momentOf(
  state: LineageState,
  place: CertificatePlace,
  { fileSystem }: Pick<MomentPorts, 'fileSystem'>,
): Promise<LineageMoment> {
  // What is wrong with the live name is told by the check of the files.
  const installed = await installedGeneration({ ...place, fileSystem }).catch(() => undefined)
  const linked = installed?.kind === 'generation' ? installed.number : undefined
  const record = state.generations.find(({ number }) => number === linked)
  const isOurs = [state.head, state.candidate].some(
    (one) => one !== undefined && one.serial === record?.serial,
  )
  return { state, underWay: isOurs && linked !== state.live?.number ? linked : undefined }
}

/** Reads until no rotation is between its switch and its ports any more, or the patience for that is over. */
export async function settledMoment(
  read: () => Promise<LineageMoment | undefined>,
  { clock }: Pick<MomentPorts, 'clock'>,
): Promise<LineageMoment | undefined> {
  const until = clock.monotonic() + settleMsMax
  for (;;) {
    const moment = await read()
    if (moment?.underWay === undefined || clock.monotonic() >= until) return moment
    await clock.sleep(lookMs)
  }
}

/** Whether a rotation went on between the two, so that what was seen meanwhile may be of neither. */
export function isOvertaken(before: LineageMoment | undefined, after: LineageMoment | undefined): boolean {
  return (
    before?.underWay !== after?.underWay ||
    before?.state.live?.number !== after?.state.live?.number ||
    before?.state.head.serial !== after?.state.head.serial
  )
}
