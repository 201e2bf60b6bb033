import { hourMs, minuteMs } from '@mayfly/ca-core'
import { formatDuration } from '../format-duration.ts'
import type { Break } from '../promises/ledger.ts'
import type { Story } from '../stories/story.ts'
import type { Timeline } from '../stories/timeline.ts'
import type { VirtualHost } from '../virtual/virtual-host.ts'

/** What the server goes back to is good for so long: two looks, and what may come between them. */
const goodForMs = 5 * hourMs
/** How often is seen whether it was mended. */
const lookedAfterMs = 5 * minuteMs
/** A look comes late by this much at most: after a wait for something else, or with a clock that is not quite right. */
const lateMsMax = 15 * minuteMs

/**
 * Starts the server of a host that looks at its port on the certificate of before. The promise is broken where it still
 * shows that one when a look was due, with all in order since.
 */
export function setServerBack(
  host: VirtualHost,
  { timeline, story, breakPromise }: { timeline: Timeline; story: Story; breakPromise: Break },
  isWell: (host: VirtualHost) => boolean,
): void {
  if (host.lookMinutes === 0 || !isWell(host)) return
  const before = host.server.setBack(timeline.now + goodForMs)
  if (before === undefined) return
  story.saw('server started on its certificate of before')
  let wellSince = timeline.now
  const lookAgain = (): void => {
    const { now } = timeline
    if (host.server.serving?.serial !== before.serial) return
    wellSince = isWell(host) ? Math.max(wellSince, host.wellSince) : now
    if (now - wellSince > host.lookMinutes * minuteMs + lateMsMax) {
      const since = formatDuration(now - wellSince)
      throw breakPromise(
        'no-certificate-of-before',
        host.name,
        `has served ${before.serial.slice(0, 8)} for ${since} again`,
      )
    }
    timeline.schedule(now + lookedAfterMs, lookAgain)
  }
  timeline.schedule(timeline.now + lookedAfterMs, lookAgain)
}
