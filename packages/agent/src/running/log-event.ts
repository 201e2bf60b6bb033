import { formatInstant } from '@mayfly/ca-core'
import type { Logger } from '@mayfly/platform'
import type { RotationEvent } from '../rotation/rotation-event.ts'
import type { LineageState } from '../state/lineage-state.ts'
import type { Track } from '../state/setback.ts'

/** Writes an event into the log, with the generation that it is about and with times as everywhere (RFC 3339). */
export function logEvent(logger: Logger, event: RotationEvent, state: LineageState | undefined): void {
  const fields = { ...fieldsOf(event), generation: generationOf(event, state) }
  switch (event.event) {
    case 'failed':
      logger.warn(fields, `${event.track} failed: ${event.setback.message}`)
      break
    case 'answer-refused':
      logger.warn(fields, 'the certificate of an issuer is of no use; the next issuer is asked')
      break
    case 'port-mended':
      logger.warn(fields, 'a live port served something else; a reload has mended it')
      break
    case 'put-back':
      logger.warn(fields, 'files of the live folder were altered, and are put back')
      break
    default:
      logger.info(fields, event.event)
  }
}

function fieldsOf(event: RotationEvent): object {
  switch (event.event) {
    case 'scheduled':
      return { ...event, mintAt: formatInstant(event.mintAt) }
    case 'received':
    case 'served':
      return { ...event, notAfter: formatInstant(event.notAfter) }
    case 'failed': {
      const { code, attempts, retryAt } = event.setback
      return { event: event.event, track: event.track, code, attempts, retryAt: formatInstant(retryAt) }
    }
    default:
      return event
  }
}

/** The number that what is told of has, or will have where it was not given out yet. */
function generationOf(event: RotationEvent, state: LineageState | undefined): number {
  if ('generation' in event) return event.generation
  const next = (state?.numberMax ?? 0) + 1
  switch (event.event) {
    case 'failed':
      if (event.track === 'install') return numberOf(state?.candidate?.serial, state) ?? next
      return ofLive.includes(event.track) ? (state?.live?.number ?? next) : next
    case 'recovered':
      return event.track === 'install' || ofLive.includes(event.track) ? (state?.live?.number ?? next) : next
    case 'adopted':
      return numberOf(event.serial, state) ?? next
    default:
      return next
  }
}

/** What fails here is about the generation that is live. */
const ofLive: readonly Track[] = ['restore', 'look']

function numberOf(serial: string | undefined, state: LineageState | undefined): number | undefined {
  return state?.generations.findLast((generation) => generation.serial === serial)?.number
}
