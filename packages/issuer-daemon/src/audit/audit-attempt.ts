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
  return new OpenAttempt(opening, store, now)
}

/** A class, as every request opens one, and most of them leave no record. */
class OpenAttempt implements AuditAttempt {
  readonly requestId: string
  readonly action: string
  declare readonly address?: string
  declare readonly relay?: string
  readonly #opening: AttemptOpening
  readonly #store: Store
  readonly #now: () => Instant
  #findings: AttemptFindings | undefined
  isConcluded = false

  constructor(opening: AttemptOpening, store: Store, now: () => Instant) {
    this.requestId = opening.requestId
    this.action = opening.action
    if (opening.address !== undefined) this.address = opening.address
    if (opening.relay !== undefined) this.relay = opening.relay
    this.#opening = opening
    this.#store = store
    this.#now = now
  }

  learn(more: AttemptFindings): void {
    this.#findings = this.#findings === undefined ? more : { ...this.#findings, ...more }
  }

  beginning(at: Instant, more?: AttemptFindings): ChangePart {
    return this.ending(at, { ...more, outcome: 'begun' })
  }

  ending(at: Instant, ending: AttemptEnding): ChangePart {
    const record = { ...this.#opening, actor: anonymous, ...this.#findings, ...ending, at }
    return { do: 'append-audit', record }
  }

  concluded(): void {
    this.isConcluded = true
  }

  async close(ending: AttemptEnding): Promise<void> {
    if (this.isConcluded) return
    const at = this.#now()
    await this.#store.commit([{ at, parts: [this.ending(at, ending)] }])
    this.isConcluded = true
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
