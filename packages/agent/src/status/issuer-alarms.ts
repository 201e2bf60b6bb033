import type { IssuerSight } from '../transport/watch-issuers.ts'
import type { Alarm } from './alarm.ts'
import { withRemedy } from './remedies.ts'

/** A single lost message is no reason to wake anyone. */
const failuresQuiet = 1

/**
 * Which of several issuers is away, or gives certificates that are of no use. The others do its work, so that the certificates' own alarms don't tell; where there
 * is only one, they do.
 *
 * @param urls all that are configured
 */
export function issuerAlarms(urls: readonly string[], sights: ReadonlyMap<string, IssuerSight>): Alarm[] {
  const origins = [...new Set(urls.map((url) => new URL(url).origin))]
  if (origins.length < 2) return []
  const standIn = origins.find((origin) => sights.get(origin)?.is === 'reachable')
  return origins.flatMap((origin): Alarm[] => {
    const sight = sights.get(origin)
    const { refused } = sight ?? {}
    if (refused !== undefined) {
      const message = withRemedy(
        'answer-invalid',
        `the certificate of the issuer ${origin} is of no use, and the others are asked: ${refused.reason}`,
      )
      return [{ level: 'warning', code: 'answer-invalid', message, since: refused.since }]
    }
    if (sight?.is !== 'away' || sight.failures <= failuresQuiet) return []
    const instead = standIn === undefined ? 'no other issuer answers' : `${standIn} answers in its place`
    const message = withRemedy(
      'transport-failed',
      `the issuer ${origin} is away, and ${instead}: ${sight.reason}`,
    )
    return [{ level: 'warning', code: 'transport-failed', message, since: sight.since }]
  })
}
