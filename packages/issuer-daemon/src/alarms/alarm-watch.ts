import type { Clock } from '@mayfly/ca-core'
import type { Logger } from '@mayfly/platform'
import type { Issuer } from '../issuing/issuer.ts'
import type { IssuerMetrics } from '../metrics/issuer-metrics.ts'
import { createAlarmLog } from './alarm-log.ts'

export interface AlarmWatchPorts {
  readonly issuer: Pick<Issuer, 'status'>
  readonly metrics: Pick<IssuerMetrics, 'alarmed'>
  readonly clock: Clock
  readonly log: Logger
}

/** Alarms of something that is still to come. */
const plannedAhead: ReadonlySet<string> = new Set(['authority-ending', 'root-ending'])

/** Gives a look for alarms, which tells the log and the metrics what it finds. It never rejects. */
export function createAlarmWatch({ issuer, metrics, clock, log }: AlarmWatchPorts): () => Promise<void> {
  const tell = createAlarmLog({
    clock,
    told: ({ message, ...alarm }) => log[plannedAhead.has(alarm.because) ? 'warn' : 'error'](alarm, message),
    ended: (because) => log.info({ because }, 'the alarm is over'),
  })
  return async () => {
    try {
      const { alarms } = await issuer.status()
      metrics.alarmed(alarms)
      tell(alarms)
    } catch (error) {
      log.error({ err: error }, 'alarms not looked for')
    }
  }
}
