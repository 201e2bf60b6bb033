import { backdateSeconds, type Instant, minuteMs, secondMs } from '@mayfly/ca-core'
import { formatDuration } from './format-duration.ts'
import type { ServedCertificate } from './generation-on-disk.ts'
import type { Break } from './ledger.ts'
import { type Story, storyTime } from './story.ts'
import type { VirtualHost } from './virtual-host.ts'

/** So long must the issuer be within reach in the second half of a certificate's life, in one piece. */
const reachableMs = 10 * minuteMs
/** And so long after the end of the certificate, for a host that was out of reach until then. */
const recoveredMs = 20 * minuteMs

interface Watched {
  serial: string
  /** The end of the first half of the served certificate's life. */
  halfLife: Instant
  notAfter: Instant
  /** It could have been replaced: from now on it must not be seen expired. */
  hadChance: boolean
}

export interface PromiseWatchOptions {
  readonly story: Story
  readonly breakPromise: Break
  /** Whether this host could rotate at this moment: issuer within reach, host and server in order. */
  readonly isWell: (host: VirtualHost) => boolean
}

/** Looks at every live port, once a simulated minute. */
export class PromiseWatch {
  readonly #options: PromiseWatchOptions
  readonly #watched = new Map<VirtualHost, Watched>()

  constructor(options: PromiseWatchOptions) {
    this.#options = options
  }

  look(host: VirtualHost, now: Instant): void {
    const { isWell, story, breakPromise } = this.#options
    if (!isWell(host)) host.wellSince = now
    const serving = host.server.serving
    if (serving === undefined || !host.hasPower || host.frozenUntil > now) return
    const watched = this.#watch(host, serving)
    const chanceSince = Math.max(watched.halfLife, host.wellSince)
    if (now <= watched.notAfter) {
      if (now - chanceSince >= reachableMs) watched.hadChance = true
      return
    }
    if (!watched.hadChance && now - chanceSince < recoveredMs) {
      story.saw('minute with an expired certificate, issuer out of reach')
      return
    }
    throw breakPromise(
      'no-expired-certificate',
      host.name,
      `serves ${watched.serial.slice(0, 8)}, which expired at ${storyTime(watched.notAfter)}, ${formatDuration(now - watched.notAfter)} ago`,
    )
  }

  #watch(host: VirtualHost, { serial, notBefore, notAfter }: ServedCertificate): Watched {
    const known = this.#watched.get(host)
    if (known?.serial === serial) return known
    const issuedAt = notBefore + backdateSeconds * secondMs
    const watched = { serial, halfLife: (issuedAt + notAfter) / 2, notAfter, hadChance: false }
    this.#watched.set(host, watched)
    return watched
  }
}
