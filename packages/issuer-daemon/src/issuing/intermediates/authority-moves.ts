import { type Certificate, MayflyError } from '@mayfly/ca-core'
import type { ShelvedAuthority } from '../../authority/authority-shelf.ts'
import type { Taint } from '../../store/taint.ts'

/** What the use cases may do with the authority's slots, as a port. */
export interface AuthorityMoves {
  slots(): Promise<readonly ShelvedAuthority[]>
  /** The prepared intermediate, checked. Throws `not-found` where there is none, and what is wrong with it. */
  checkPrepared(): Promise<Certificate>
  /** Makes the prepared intermediate the current one, for all that is signed from now on. */
  activate(): Promise<Certificate>
  /**
   * Looks in the store which intermediates are tainted, and leaves the current one if it is among them.
   * Throws `authority-tainted` where no other is prepared.
   */
  heedTaints(): Promise<void>
  /** Those that are known to be tainted. */
  taints(): readonly Taint[]
  /** Leaves a mark until `forgetDestroyed`, so that it is finished after a crash. */
  destroyKey(fingerprint: string): Promise<void>
  /** The destruction was told of: its mark goes. */
  forgetDestroyed(fingerprint: string): Promise<void>
  /** Begins a sweep without waiting for its time. */
  sweepSoon(): void
}

/** The current intermediate may not sign, and there is no other. */
export function authorityTainted(fingerprint: string, cause?: unknown): MayflyError {
  const reason = cause instanceof Error ? ` ${cause.message}` : ''
  return new MayflyError(
    'authority-tainted',
    `The intermediate ${fingerprint} is tainted; nothing is issued until there is another one.${reason}`,
    { details: { fingerprint }, cause },
  )
}
