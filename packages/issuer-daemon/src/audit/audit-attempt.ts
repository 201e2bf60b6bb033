import { type Instant, isMayflyError } from '@mayfly/ca-core'
import type { ChangePart } from '../store/change.ts'
import type { Store } from '../store/store.ts'
import type { Actor, AuditOutcome, AuditRecord } from './audit-record.ts'

/** What is known of an attempt when it comes in. */
export interface AttemptOpening {
  readonly requestId: string
  readonly action: string
  readonly address?: string
  /** The relay that told of the address. */
  readonly relay?: string
}

/** What is learned about an attempt on its way. */
export type AttemptFindings = Partial<
  Pick<AuditRecord, 'actor' | 'identity' | 'generation' | 'serial' | 'details'>
>

/** How an attempt ended. */
export interface AttemptEnding extends AttemptFindings {
  readonly outcome: AuditOutcome
  /** The error code, where there was an error. */
  readonly reason?: string
}

/**
 * The audit record of one attempt, open from its arrival to its answer.
 *
 * A use case that changes something writes the record in the same transaction (`ending`, then `concluded`).
 * Whoever opened the attempt closes it before answering, whatever happened: that writes the record if the
 * use case did not.
 */
export interface AuditAttempt extends AttemptOpening {
  readonly isConcluded: boolean
  /** Adds to what is known: who asks, and about which identity. */
  learn(findings: AttemptFindings): void
  /** The record with which something starts that a crash could interrupt. */
  beginning(at: Instant, findings?: AttemptFindings): ChangePart
  /** The closing record, to be committed together with what it tells of. */
  ending(at: Instant, ending: AttemptEnding): ChangePart
  /** Says that the closing record is on disk. */
  concluded(): void
  /** Writes the closing record unless that was done. Rejects with `store-unavailable`. */
  close(ending: AttemptEnding): Promise<void>
}

export function openAttempt(
  opening: AttemptOpening,
  { store, now }: { readonly store: Store; readonly now: () => Instant },
): AuditAttempt {
  let findings: AttemptFindings = {}
  let isConcluded = false
  const compose = (at: Instant, ending: AttemptEnding): ChangePart => ({
    do: 'append-audit',
    record: { ...opening, actor: anonymous, ...findings, ...ending, at },
  })
  return {
    ...opening,
    get isConcluded() {
      return isConcluded
    },
    learn(more) {
      findings = { ...findings, ...more }
    },
    beginning: (at, more) => compose(at, { ...more, outcome: 'begun' }),
    ending: compose,
    concluded() {
      isConcluded = true
    },
    async close(ending) {
      if (isConcluded) return
      const at = now()
      await store.commit([{ at, parts: [compose(at, ending)] }])
      isConcluded = true
    },
  }
}

/** How an attempt ended that threw `error`: refused for what the caller did, failed for what is ours. */
export function endingOfError(error: unknown): AttemptEnding {
  if (!isMayflyError(error)) return { outcome: 'failed', reason: 'internal' }
  return { outcome: ownFaults.has(error.code) ? 'failed' : 'refused', reason: error.code }
}

const anonymous: Actor = { kind: 'anonymous' }

const ownFaults: ReadonlySet<string> = new Set([
  'internal',
  'overloaded',
  'stopping',
  'store-unavailable',
  'store-invalid',
  'authority-missing',
  'authority-expired',
  'authority-tainted',
  'hsm-unavailable',
  'clock-wrong',
  'lint-failed',
  'disk-full',
])
