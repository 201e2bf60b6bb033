import { type ErrorCode, type Instant, secondMs } from '@mayfly/ca-core'
import { lifePoint } from '../state/credential.ts'
import type { HeldBundle } from '../state/held-bundle.ts'
import { type LineageState, liveGeneration } from '../state/lineage-state.ts'
import { mayRetry, type Setback, type Setbacks, type Track } from '../state/setback.ts'
import type { StagedKey } from '../state/staged-key.ts'
import { adoptLifeShare, bundleSeconds, goBackLifeShare, overdueLifeShare } from './pace.ts'
import type {
  Holder,
  InstallReason,
  MakeKeyReason,
  RequestReason,
  RotationAction,
  Wait,
} from './rotation-action.ts'
import { isUnderTainted } from './under-tainted.ts'

/** What the keeper saw of the world outside the state, just before planning. */
export interface Observations {
  /** Paths in the live folder that are not as they were installed. */
  readonly drift: readonly string[]
  /** What kept it from comparing the live files: a password file or an archive that cannot be read. The rest goes on. */
  readonly unseen?: unknown
  /** A person wants a new certificate now: when they said so, in milliseconds, which tells this wish from others. */
  readonly wish?: string
  /** The head does not carry the names that are expected now: they were changed. */
  readonly lacksNames: boolean
  /** `keyHash` of the staged key, where it is of another type than the configuration wants: that was changed. */
  readonly otherKeyType?: string
  /** When the live ports are to be looked at again; absent where nobody is to look between rotations. */
  readonly lookAt?: Instant
}

export const nothingObserved: Observations = { drift: [], lacksNames: false }

/**
 * What to do next for one certificate, in order; a single `wait` where nothing is due.
 *
 * Pure: the same state, bundle, time and observations give the same plan. It is made anew from the wall
 * clock after every action and at least once a minute, so it survives clocks that jump and hosts that sleep.
 */
export function planRotation(
  state: LineageState,
  held: HeldBundle,
  now: Instant,
  observed: Observations = nothingObserved,
): readonly RotationAction[] {
  const planning: Planning = { state, held, now, observed, waits: [] }
  const bundle = planBundle(planning)
  const others = planAdoption(planning).concat(planInstalling(planning), planAsking(planning))
  const actions = isBundleLast(state.setbacks) ? others.concat(bundle) : bundle.concat(others)
  if (actions.length > 0) return actions
  const looks = planLooking(planning)
  return looks.length > 0 ? looks : [earliest(planning.waits, now)]
}

interface Planning {
  readonly state: LineageState
  readonly held: HeldBundle
  readonly now: Instant
  readonly observed: Observations
  /** Why each part has nothing to do yet, and until when. */
  readonly waits: Wait[]
}

function planBundle(planning: Planning): RotationAction[] {
  const { state, held, now, waits } = planning
  const dueAt = held.checkedAt + bundleSeconds(state.head, held.maxAgeSeconds) * secondMs
  // A look from the future is one that a clock set back has made worthless.
  if (now < dueAt && now >= held.checkedAt) {
    waits.push({ do: 'wait', until: dueAt, because: 'bundle-fresh' })
    return []
  }
  return unlessBackingOff(planning, 'bundle', [{ do: 'refresh-bundle', because: 'due' }])
}

/** Where the bundle was the latest to find nobody, what else is asked of the issuer has its turn first. */
function isBundleLast({ bundle, ask, fetch }: Setbacks): boolean {
  return bundle?.code === unreachable && bundle.at >= Math.max(ask?.at ?? 0, fetch?.at ?? 0)
}

/**
 * A candidate is confirmed by being served. Where the server is down for half its life the lineage must go on
 * all the same, or it would be lost with the head.
 */
function planAdoption({ state, now, waits }: Planning): RotationAction[] {
  if (state.candidate === undefined) return []
  if (now >= state.head.notAfter) return [{ do: 'adopt', because: 'head-expired' }]
  const halfLife = lifePoint(state.candidate, adoptLifeShare)
  if (now >= halfLife) return [{ do: 'adopt', because: 'half-life' }]
  waits.push({ do: 'wait', until: Math.min(halfLife, state.head.notAfter), because: 'half-life' })
  return []
}

function planInstalling(planning: Planning): RotationAction[] {
  const { state } = planning
  const holder = chooseHolder(planning)
  const because = installReason(planning, holder)
  const track: Track = holder === 'candidate' ? 'install' : 'restore'
  if (because !== undefined) {
    const hasWayBack = holder === 'candidate' && liveGeneration(state) !== undefined && isHeadGood(planning)
    const install = {
      do: 'install',
      holder,
      because,
      ...(hasWayBack && { hasWayBack }),
    } as const
    return unlessBackingOff(planning, track, [install])
  }
  if (planning.observed.drift.length > 0) {
    return unlessBackingOff(planning, track, [{ do: 'put-back', holder, because: 'files-differ' }])
  }
  if (state.live?.served === true) return []
  return unlessBackingOff(planning, track, [{ do: 'serve', holder, because: 'installed' }])
}

/** Which certificate should be live: the candidate, unless it just failed and the head is still good for a while. */
function chooseHolder(planning: Planning): Holder {
  const { state, now, waits } = planning
  const { candidate } = state
  if (candidate === undefined) return 'head'
  if (now < candidate.notBefore) {
    waits.push({ do: 'wait', until: candidate.notBefore, because: 'not-yet-valid' })
    return 'head'
  }
  const setback = state.setbacks.install
  if (setback === undefined || mayTry(planning, setback) || !isHeadGood(planning)) return 'candidate'
  waits.push({ do: 'wait', until: setback.retryAt, because: 'back-off' })
  return 'head'
}

/** Whether the head has enough of its life left to go back to. */
function isHeadGood({ state: { head }, now }: Planning): boolean {
  return now < lifePoint(head, 1 - goBackLifeShare)
}

function installReason({ state, held }: Planning, holder: Holder): InstallReason | undefined {
  const wanted = holder === 'candidate' ? state.candidate : state.head
  const live = liveGeneration(state)
  if (live === undefined) return holder === 'candidate' ? 'new-certificate' : 'not-installed'
  if (live.serial !== wanted?.serial) {
    return holder === 'head' && state.candidate?.serial === live.serial ? 'go-back' : 'new-certificate'
  }
  return live.bundleSequence === held.bundle.sequence ? undefined : 'new-bundle'
}

/** Between rotations: whether the ports still serve what was brought there. Where they did not, it is not put off. */
function planLooking(planning: Planning): RotationAction[] {
  const { state, now, waits, observed } = planning
  if (observed.lookAt === undefined || state.live?.served !== true) return []
  if (state.setbacks.look !== undefined)
    return unlessBackingOff(planning, 'look', [{ do: 'look', because: 'wrong-before' }])
  if (now >= observed.lookAt) return [{ do: 'look', because: 'due' }]
  waits.push({ do: 'wait', until: observed.lookAt, because: 'ports-looked-at' })
  return []
}

function planAsking(planning: Planning): RotationAction[] {
  const { state, observed } = planning
  if (state.candidate !== undefined) return []
  if (state.staged !== undefined) return planStaged(planning, state.staged)
  // The report in the request tells what is served: first serve, or fail to.
  const settled = state.live?.served === true || state.setbacks.restore !== undefined
  if (!settled && observed.wish === undefined) return []
  const because = urgency(planning) ?? 'ahead'
  return unlessBackingOff(planning, 'ask', [{ do: 'make-key', immediate: because !== 'ahead', because }])
}

function planStaged(planning: Planning, staged: StagedKey): RotationAction[] {
  const { now, waits } = planning
  if (planning.observed.otherKeyType === staged.keyHash && isUncertified(planning, staged)) {
    const immediate = staged.immediate || urgency(planning) !== undefined
    return unlessBackingOff(planning, 'ask', [{ do: 'make-key', immediate, because: 'other-key-type' }])
  }
  const because = requestReason(planning, staged)
  if (because !== undefined) {
    const immediate = staged.immediate || hurried.includes(because)
    return unlessBackingOff(planning, 'ask', [{ do: 'request', immediate, because }])
  }
  const fetchAt = staged.promise?.fetchAt ?? now
  const askAgainAt = askAgainTime(planning, staged)
  waits.push({ do: 'wait', until: Math.min(fetchAt, askAgainAt), because: 'scheduled' })
  return now < fetchAt ? [] : unlessBackingOff(planning, 'fetch', [{ do: 'fetch', because: 'minted' }])
}

/** Whether a key may give way to another without a certificate being lost, as far as is known here. */
function isUncertified({ state, now }: Planning, { refusals, promise }: StagedKey): boolean {
  if (refusals > 0 || state.wasted !== undefined) return false
  return promise === undefined || now < promise.mintAt
}

function requestReason(planning: Planning, staged: StagedKey): RequestReason | undefined {
  const { state, now } = planning
  if (staged.promise === undefined) return 'new-key'
  if (now < staged.promise.at) return 'clock-went-back'
  if (now >= askAgainTime(planning, staged)) return 'overdue'
  // Whatever made it ask again may be over; that it was refused would stand in the status for hours.
  if (state.setbacks.ask !== undefined) return 'unanswered'
  return staged.immediate ? undefined : urgency(planning)
}

/** For these the certificate is asked for at once. */
const hurried: readonly RequestReason[] = ['overdue', 'forced', 'untrusted', 'names-changed']

/** Why the next certificate cannot wait for its time, if it cannot. */
function urgency(planning: Planning): (RequestReason & MakeKeyReason) | undefined {
  const { state, now, observed } = planning
  if (observed.wish !== undefined) return 'forced'
  if (isUntrusted(planning)) return 'untrusted'
  if (observed.lacksNames) return 'names-changed'
  // Asked for on the schedule, it could wait for a sweep that there may be no time for.
  return now >= lifePoint(state.head, overdueLifeShare) ? 'overdue' : undefined
}

/** When the promise is taken as broken; one that goes far beyond the certificate's half life is no promise. */
function askAgainTime({ state }: Planning, staged: StagedKey): Instant {
  const promise = staged.promise
  if (promise === undefined) return Number.NEGATIVE_INFINITY
  const overdueAt = lifePoint(state.head, overdueLifeShare)
  return promise.at >= overdueAt ? promise.askAgainAt : Math.min(promise.askAgainAt, overdueAt)
}

/**
 * Whether the newest bundle no longer covers the certificate that is live, or its issuer says that the key of its
 * intermediate may be in other hands.
 */
function isUntrusted({ state, held }: Planning): boolean {
  return state.setbacks.restore?.code === 'prove-failed' || isUnderTainted(state.head.chainPem, held)
}

function unlessBackingOff(planning: Planning, track: Track, actions: RotationAction[]): RotationAction[] {
  const until = backsOffUntil(planning, track)
  if (until === undefined) return actions
  planning.waits.push({ do: 'wait', until, because: 'back-off' })
  return []
}

/**
 * Whether the next attempt may start. A person's wish ends each wait that began before it, once: what they have mended
 * is tried while they look on.
 */
function mayTry({ observed, now }: Planning, setback: Setback): boolean {
  const wishedAt = Number(observed.wish)
  // A wish of a time to come is of a clock that was set back since.
  return mayRetry(setback, now) || (wishedAt > setback.at && wishedAt <= now)
}

/** The candidate has failed since: the head is to be served again at once, whatever kept it from that an hour ago. */
function isOfEarlierWayBack({ state }: Planning, restore: Setback): boolean {
  const { candidate, setbacks } = state
  return candidate !== undefined && setbacks.install !== undefined && restore.at < setbacks.install.at
}

/** Nobody answered. What one track learns of this the others need not find out again. */
const unreachable = 'transport-failed' satisfies ErrorCode
const issuerTracks: readonly Track[] = ['bundle', 'ask', 'fetch']

/**
 * The end of the longest wait that `track` has to keep. Whoever asks the issuer waits together: hosts that each came
 * back on several tracks would return in a crowd after an outage.
 */
function backsOffUntil(planning: Planning, track: Track): Instant | undefined {
  const { setbacks } = planning.state
  let latest: Instant | undefined
  for (const one of issuerTracks.includes(track) ? issuerTracks : [track]) {
    const setback = setbacks[one]
    const counts = one === track || setback?.code === unreachable
    if (setback === undefined || !counts || mayTry(planning, setback)) continue
    if (one === 'restore' && isOfEarlierWayBack(planning, setback)) continue
    latest = Math.max(latest ?? setback.retryAt, setback.retryAt)
  }
  return latest
}

function earliest(waits: readonly Wait[], now: Instant): Wait {
  let soonest: Wait | undefined
  for (const wait of waits) {
    if (wait.until > now && (soonest === undefined || wait.until < soonest.until)) soonest = wait
  }
  return soonest ?? { do: 'wait', until: now + paceOfNothing, because: 'back-off' }
}

/** Where every reason to wait has just passed, the next look is a second away. */
const paceOfNothing = secondMs
