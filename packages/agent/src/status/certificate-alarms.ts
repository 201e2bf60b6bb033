import { type ErrorCode, formatInstant, type Instant, minuteMs } from '@mayfly/ca-core'
import { lifePoint } from '../state/credential.ts'
import { type LineageState, liveGeneration } from '../state/lineage-state.ts'
import { onlyAPersonHelps, type Setback, type Track, tracks } from '../state/setback.ts'
import type { Alarm } from './alarm.ts'
import { withRemedy } from './remedies.ts'

/** From here on there is still time to act; from the second there is not much. */
const lateLifeShare = 0.65
const lastLifeShare = 0.85
/** A single lost message is no reason to wake anyone. */
const attemptsQuiet: Readonly<Record<Track, number>> = {
  bundle: 3,
  ask: 2,
  fetch: 2,
  install: 0,
  restore: 0,
  look: 0,
}

/** Of this machine itself, which no second message mends. */
const neverQuiet: readonly ErrorCode[] = ['disk-full', 'file-unwritable', 'permission-denied']

/** What a person should know of one certificate now. */
export function certificateAlarms(state: LineageState, now: Instant): Alarm[] {
  return [...timeAlarms(state, now), ...trackAlarms(state), ...clockAlarms(state, now)]
}

/** The lineage goes on as whom it was enrolled: only a token makes another of it. */
export function identityAlarms({ certificate, identity }: LineageState, wanted: string | undefined): Alarm[] {
  if (wanted === undefined || wanted === identity) return []
  const message = `${certificate} is configured for the identity ${wanted}, and enrolled as ${identity}, which goes on. Correct identity in agent.yaml, or enrol again: mayfly token create ${wanted} at the issuer, then mayfly agent enroll TOKEN --name ${certificate} here.`
  return [{ level: 'warning', code: 'config-invalid', message }]
}

function timeAlarms(state: LineageState, now: Instant): Alarm[] {
  const live = liveGeneration(state)
  if (live === undefined) return []
  const until = formatInstant(live.notAfter)
  if (now >= live.notAfter) {
    const message = `the installed certificate expired at ${until}; see the other alarms for why it was not replaced.`
    return [{ level: 'critical', code: 'certificate-expired', message, since: live.notAfter }]
  }
  const credential = [state.head, state.candidate].find((one) => one?.serial === live.serial)
  if (credential === undefined || now < lifePoint(credential, lateLifeShare)) return []
  const level = now < lifePoint(credential, lastLifeShare) ? 'warning' : 'critical'
  const message = `the installed certificate should have been replaced by now; it expires at ${until}.`
  return [{ level, code: 'certificate-expired', message }]
}

function trackAlarms({ setbacks }: LineageState): Alarm[] {
  const alarms = tracks.flatMap((track) => {
    const setback = setbacks[track]
    return setback === undefined ? [] : alarmOf(track, setback)
  })
  // A reload fails on the way forth and on the way back alike: that is one thing to know.
  return alarms.filter(
    (alarm, index) => index === alarms.findIndex((other) => other.message === alarm.message),
  )
}

function alarmOf(track: Track, { code, message, attempts, since }: Setback): Alarm[] {
  const isCritical = onlyAPersonHelps.includes(code)
  if (!isCritical && attempts <= attemptsQuiet[track] && !neverQuiet.includes(code)) return []
  return [{ level: isCritical ? 'critical' : 'warning', code, message: withRemedy(code, message), since }]
}

/** A certificate that waits to become valid shows that this host's clock is behind. */
function clockAlarms({ candidate, head }: LineageState, now: Instant): Alarm[] {
  const early = [head, candidate].find((one) => one !== undefined && one.notBefore > now)
  if (early === undefined) return []
  const minutes = Math.max(1, Math.round((early.notBefore - now) / minuteMs))
  const message = `the clock of this host is behind the issuer's: a certificate that was made already becomes valid in ${minutes} min. Set the clock.`
  return [{ level: 'warning', code: 'clock-wrong', message }]
}
