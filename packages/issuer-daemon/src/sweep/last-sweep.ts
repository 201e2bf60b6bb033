import { formatInstant, isMayflyError } from '@mayfly/ca-core'
import type { SignedEnd } from '../audit/signed-head.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { SweepReport } from './sweep-report.ts'
import { stopOf } from './sweep-stop.ts'

/** Where the store keeps it. */
const noteName = 'sweep.last'

export interface LastSweep extends SweepReport {
  readonly finishedAt: string
  readonly durationSeconds: number
}

/** What the last sweep did, also after a restart. */
export interface SweepMemory {
  /** Of this process; before its first, the newest that the store knows of. `undefined` before any. */
  last(): LastSweep | undefined
  /** Takes up what was kept before this start. */
  load(): Promise<void>
  /**
   * Remembers a sweep that has ended, and keeps in the same transaction the head that it signed. Gives the report, which
   * says so where the store does not take them.
   */
  keep(report: SweepReport, durationSeconds: number, signed?: SignedEnd): Promise<SweepReport>
}

export function createSweepMemory({ store, clock }: Pick<IssuerPorts, 'store' | 'clock'>): SweepMemory {
  let last: LastSweep | undefined
  return {
    last: () => last,
    async load() {
      const text = await store.note(noteName)
      if (text !== undefined) last = JSON.parse(text) as LastSweep
    },
    async keep(report, durationSeconds, signed) {
      const at = clock.now()
      last = { ...report, finishedAt: formatInstant(at), durationSeconds }
      const part = { do: 'set-note', name: noteName, text: JSON.stringify(last) } as const
      try {
        await store.commit([{ at, parts: signed === undefined ? [part] : [part, signed.part] }])
      } catch (error) {
        if (!isMayflyError(error)) throw error
        // The next one that ends well is kept.
        if (report.stopped !== undefined) return report
        const stopped = stopOf(error)
        last = { ...last, stopped }
        return { ...report, stopped }
      }
      signed?.kept()
      return report
    },
  }
}
