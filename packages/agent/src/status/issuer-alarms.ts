import type { RefusedIssuer } from '../state/refused-issuers.ts'
import type { IssuerSight } from '../transport/watch-issuers.ts'
import type { Alarm } from './alarm.ts'
import { withRemedy } from './remedies.ts'

/** A single lost message is no reason to wake anyone. */
const failuresQuiet = 1

/** A certificate of one issuer was of no use for `certificate`. */
export interface Refusal extends RefusedIssuer {
  /** The name in the configuration. */
  readonly certificate: string
}

/**
 * Which of several issuers is away, or gives certificates that are of no use. The others do its work, so that the
 * certificates' own alarms don't tell; where there is only one, they do.
 *
 * @param urls all that are configured
 */
export function issuerAlarms(
  urls: readonly string[],
  sights: ReadonlyMap<string, IssuerSight>,
  refusals: readonly Refusal[],
): Alarm[] {
  const origins = [...new Set(urls.map(originOf))]
  if (origins.length < 2) return []
  const standIn = origins.find((origin) => sights.get(origin)?.is === 'reachable')
  return origins.flatMap((origin): Alarm[] => {
    const ofThis = refusals.filter(({ issuer }) => issuer === origin)
    if (ofThis.length > 0) return [refusalAlarm(origin, ofThis)]
    const sight = sights.get(origin)
    if (sight?.is !== 'away' || sight.failures <= failuresQuiet) return []
    const instead = standIn === undefined ? 'no other issuer answers' : `${standIn} answers in its place`
    const message = withRemedy(
      'transport-failed',
      `the issuer ${origin} is away, and ${instead}: ${sight.reason}`,
    )
    return [{ level: 'warning', code: 'transport-failed', message, since: sight.since }]
  })
}

/** As the alarms name an issuer, whatever path its URL has. */
export function originOf(url: string): string {
  return new URL(url).origin
}

function refusalAlarm(origin: string, refusals: readonly Refusal[]): Alarm {
  const names = refusals.map(({ certificate }) => certificate).join(', ')
  const latest = refusals.reduce((one, other) => (other.at > one.at ? other : one))
  const reason = latest.reason.replace(/\.$/, '')
  const message = `the certificate of the issuer ${origin} for ${names} is of no use, and the others are asked: ${reason}. Look at that issuer.`
  const since = Math.min(...refusals.map((one) => one.since))
  return { level: 'warning', code: 'answer-invalid', message, since }
}
