import {
  addSeconds,
  backoff,
  type ErrorCode,
  type Instant,
  isMayflyError,
  MayflyError,
  type Random,
} from '@mayfly/ca-core'
import { onlyAPersonHelps, type Setback } from '../state/setback.ts'
import type { Pace } from './pace.ts'

/** Looked at only now and then. A quota ends by itself, but not before the day does. */
const hopeless: readonly ErrorCode[] = [...onlyAPersonHelps, 'quota-exceeded']

/**
 * Of each wait. Hosts that wait up to the same limit come back at an even pace over it; were it drawn whole, more than a
 * third of them would come in the first minute of five.
 */
const certainShare = 0.5

/** A certificate of no use came. Trying the same one again is in vain as long as its key is kept, but for a fault of this host. */
const ofNoUse: readonly ErrorCode[] = ['answer-invalid', 'certificate-expired', 'prove-failed']

export interface SetbackOptions {
  readonly now: Instant
  readonly random: Random
  readonly pace: Pace
  /** When a key whose certificate is of no use may be given up for another. */
  readonly anotherKeyAt?: Instant | undefined
}

/** The setback after `error`: the wait doubles with every failure in a row, is drawn at random, and never ends. */
export function nextSetback(
  before: Setback | undefined,
  error: unknown,
  { now, random, pace, anotherKeyAt }: SetbackOptions,
): Setback {
  const failure = asMayflyError(error)
  const attempts = beginsAnew(before, failure) ? 1 : (before?.attempts ?? 0) + 1
  const retryAt = addSeconds(now, waitSeconds(failure, attempts, random, pace))
  // That moment was drawn at random too, so that hosts that one fault struck do not come together.
  const isKnown = ofNoUse.includes(failure.code) && anotherKeyAt !== undefined && anotherKeyAt > now
  return {
    code: failure.code,
    message: failure.message,
    attempts,
    since: Math.min(before?.since ?? now, now),
    at: now,
    retryAt: isKnown ? Math.min(retryAt, anotherKeyAt) : retryAt,
  }
}

/**
 * What came was dead, and its key was given up: the next attempt is of another kind, and is not to wait for as long as
 * the hours have made it in which nobody answered. An issuer whose certificates are all dead is asked ever less often.
 */
function beginsAnew(before: Setback | undefined, { code }: MayflyError): boolean {
  return code === 'certificate-expired' && before?.code !== code
}

/**
 * Whether a setback is worth a write to the disk. Where nobody can be reached for hours, only the number of attempts
 * changes: of those each doubling is kept. Who starts again then tries soon, and finds nobody whom that could be too often for.
 */
export function isNews(before: Setback | undefined, after: Setback): boolean {
  const isSame = before?.code === after.code && before.message === after.message
  const { attempts } = after
  return !isSame || after.code !== 'transport-failed' || (attempts & (attempts - 1)) === 0
}

/** Anything thrown, as an error that can be told: a programmer's mistake must not stop the others' certificates. */
export function asMayflyError(error: unknown): MayflyError {
  if (isMayflyError(error)) return error
  return new MayflyError('internal', error instanceof Error ? `${error.name}: ${error.message}` : 'unknown', {
    cause: error,
  })
}

function waitSeconds(error: MayflyError, attempts: number, random: Random, pace: Pace): number {
  const isHopeless = hopeless.includes(error.code)
  const capSeconds = isHopeless ? pace.hopelessSeconds : pace.backoffCapSeconds
  const baseSeconds = isHopeless ? pace.hopelessSeconds : pace.backoffBaseSeconds
  const jitterSeconds = backoff({ attempt: attempts - 1, random, baseSeconds, capSeconds, certainShare })
  const asked = typeof error.retry === 'object' ? error.retry.afterSeconds : 0
  // Never earlier than asked, but an hour's patience must not cost a certificate that lives a minute.
  return Math.min(asked, capSeconds) + jitterSeconds
}
