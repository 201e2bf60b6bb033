import type {
  Clock,
  Instant,
  IssuedAnswer,
  KeyPair,
  Random,
  Trace,
  TrustBundle,
  Verifier,
} from '@mayfly/ca-core'
import type { RefusedReload } from '../alarms/refused-reload.ts'
import type { HistoryMark } from '../backup/history-mark.ts'
import type { Store } from '../store/store.ts'
import type { WriteTrouble } from '../store/watch-writes.ts'
import type { AuthorityMoves } from './intermediates/authority-moves.ts'
import type { IssuingAuthority } from './intermediates/issuing-authority.ts'
import type { Policy } from './policy.ts'

/** The newest trust bundle: as it is served, and as it was read. */
export interface ServedBundle {
  readonly text: string
  readonly bundle: TrustBundle
}

/** All that issuing needs from outside. */
export interface IssuerPorts {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly trace: Trace
  /** Checks the signatures of requests; within the call if absent. */
  readonly verifier?: Verifier
  /** Throws `authority-missing` while there is none, `authority-tainted` while it must not sign. */
  readonly authority: () => IssuingAuthority
  /** Absent where nobody may move them, as in a run without a state folder. */
  readonly authorities?: AuthorityMoves
  readonly bundle: () => ServedBundle
  /** Signs enrolment tokens. */
  readonly tokenKey: KeyPair
  readonly policy: Policy
  /** Absent in a run without a state folder. */
  readonly historyMark?: HistoryMark
  /** By how much the clock has jumped, where somebody watches it; 0 while it is right. */
  readonly clockJumpSeconds?: () => number
  /** What keeps the store from being written, where somebody watches it. */
  readonly writeTrouble?: () => WriteTrouble | undefined
  /** What keeps the files on disk from being used, where somebody follows them. */
  readonly refusedReload?: () => RefusedReload | undefined
}

/** A leaf that the issuer holds the key of itself. */
export interface OwnLeaf {
  readonly answer: IssuedAnswer
  readonly renewAt: Instant
  readonly notAfter: Instant
}
