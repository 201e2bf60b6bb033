import { backdateSeconds, type Instant, minuteMs, secondMs } from '@mayfly/ca-core'
import { formatDuration } from '../format-duration.ts'
import { type Story, storyTime } from '../stories/story.ts'
import type { VirtualHost } from '../virtual/virtual-host.ts'
import type { ServedCertificate } from './generation-on-disk.ts'
import type { Break } from './ledger.ts'

/** So many minutes must the issuer be within reach in the second half of a certificate's life, whenever they are. */
const reachableMinutes = 10
/** And so many after the end of the certificate, for a host that was out of reach until then. */
const recoveredMinutes = 20

/** What is kept of a host between two looks. */
export interface Watched {
  serving: ServedCertificate
  serial: string
  /** The end of the first half of the served certificate's life. */
  halfLife: Instant
  notAfter: Instant
  /** Whole minutes of the second half of its life in which it could have been replaced. */
  minutesBefore: number
  /** Those after its end. */
  minutesAfter: number
}

export interface PromiseWatchOptions {
  readonly story: Story
  readonly breakPromise: Break
}

/** Looks at every live port, once a simulated minute. */
export class PromiseWatch {
  readonly #options: PromiseWatchOptions

  constructor(options: PromiseWatchOptions) {
    this.#options = options
  }

  /**
   * Until when nothing that this host does or meets counts, as long as it serves what it serves: that is in the first
   * half of its life. 0 where it counts.
   */
  idleUntil({ watched, server }: VirtualHost): Instant {
    return watched !== undefined && watched.serving === server.serving ? watched.halfLife : 0
  }

  /** `isWell` is whether this host could rotate at this moment: issuer within reach, host and server in order. */
  look(host: VirtualHost, now: Instant, isWell: boolean): void {
    if (!isWell) host.wellSince = now
    const serving = host.server.serving
    if (serving === undefined || !host.hasPower || host.frozenUntil > now) return
    const watched = this.#watch(host, serving)
    const minuteBegan = now - minuteMs
    if (minuteBegan < watched.halfLife) return
    const isWholeMinute = host.wellSince < minuteBegan
    if (now <= watched.notAfter) {
      if (isWholeMinute) watched.minutesBefore++
      return
    }
    const { story, breakPromise } = this.#options
    if (isWholeMinute) watched.minutesAfter++
    if (watched.minutesBefore < reachableMinutes && watched.minutesAfter < recoveredMinutes) {
      story.saw('minute with an expired certificate, issuer out of reach')
      return
    }
    throw breakPromise(
      'no-expired-certificate',
      host.name,
      `serves ${watched.serial.slice(0, 8)}, which expired at ${storyTime(watched.notAfter)}, ${formatDuration(now - watched.notAfter)} ago`,
    )
  }

  #watch(host: VirtualHost, serving: ServedCertificate): Watched {
    const { serial, notBefore, notAfter } = serving
    const known = host.watched
    if (known?.serial === serial) {
      known.serving = serving
      return known
    }
    const issuedAt = notBefore + backdateSeconds * secondMs
    const watched = {
      serving,
      serial,
      halfLife: (issuedAt + notAfter) / 2,
      notAfter,
      minutesBefore: 0,
      minutesAfter: 0,
    }
    host.watched = watched
    return watched
  }
}
