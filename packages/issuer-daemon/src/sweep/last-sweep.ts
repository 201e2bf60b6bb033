import { formatInstant, isMayflyError } from '@mayfly/ca-core'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { SweepReport } from './sweep-report.ts'

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
  keep(report: SweepReport, durationSeconds: number): Promise<void>
}

export function createSweepMemory({ store, clock }: Pick<IssuerPorts, 'store' | 'clock'>): SweepMemory {
  let last: LastSweep | undefined
  return {
    last: () => last,
    async load() {
      const text = await store.note(noteName)
      if (text !== undefined) last = JSON.parse(text) as LastSweep
    },
    async keep(report, durationSeconds) {
      const at = clock.now()
      last = { ...report, finishedAt: formatInstant(at), durationSeconds }
      try {
        const part = { do: 'set-note', name: noteName, text: JSON.stringify(last) } as const
        await store.commit([{ at, parts: [part] }])
      } catch (error) {
        // A store that takes nothing has stopped the sweep as well; the next one that ends well is kept.
        if (!isMayflyError(error)) throw error
      }
    },
  }
}
