import type { Clock, FileAccess, Hsm, Random, Trace } from '@mayfly/ca-core'
import type { AccessRequest, Logger } from '@mayfly/platform'
import type { OpenFront } from '../api/front/front.ts'
import type { ServerTimeouts } from '../api/front/https-server.ts'
import type { AuthorityShelf } from '../authority/authority-shelf.ts'
import type { LoadedAuthority } from '../authority/load-authority.ts'
import type { HistoryMark } from '../backup/history-mark.ts'
import type { Store } from '../store/store.ts'
import type { ThreadVerifier } from '../verifying/thread-verifier.ts'

/** What a running issuer stands on. */
export interface Foundation {
  readonly clock: Clock
  readonly random: Random
  readonly store: Store
  readonly log: Logger
  /** Is told of each step of a certificate; the log if absent. */
  readonly trace?: Trace
  /** Looks up whom a socket is given to. Throws `config-invalid` for a user or group that is not there. */
  resolveAccess(request: AccessRequest): Promise<FileAccess>
  /** Reads what the state folder holds: at the start, and at each reload. */
  loadAuthority(): Promise<LoadedAuthority>
  /** The slots in the state folder. */
  readonly shelf: AuthorityShelf
  /** Where keys of intermediates may be. Its owner closes it. */
  readonly hsm?: Pick<Hsm, 'onChange'>
  /** Tells an older store from the newest. */
  readonly historyMark: HistoryMark
  /** Checks the signatures of requests beside the event loop; within the call if absent. */
  readonly verifier?: ThreadVerifier
  /** Opens the public API to callers; in this thread if absent. */
  readonly openFront?: OpenFront
  /** For tests to shorten. */
  readonly timeouts?: ServerTimeouts
}
