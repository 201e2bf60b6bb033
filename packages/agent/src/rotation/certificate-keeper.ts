import { type Instant, MayflyError, minuteMs } from '@mayfly/ca-core'
import type { HeldBundle } from '../state/held-bundle.ts'
import type { LineageState } from '../state/lineage-state.ts'
import type { LineageStore } from '../state/lineage-store.ts'
import { clearSetback } from '../state/setback.ts'
import { carryOut, type Deed, endsSetback, trackOf } from './carry-out.ts'
import { openLookSchedule } from './look-schedule.ts'
import { observe } from './observe.ts'
import { paceOfFailure } from './pace.ts'
import { type Observations, planRotation } from './plan-rotation.ts'
import { isNews, nextSetback } from './record-setback.ts'
import type { RotationAction, Wait } from './rotation-action.ts'
import { issuerUrls, type RotationPorts, type RotationSubject } from './rotation-context.ts'
import { takeUpEnrolment } from './take-up-enrolment.ts'

/** A rotation has about ten actions; more in a row than this means that two of them undo each other. */
const deedsInARowMax = 64

export interface KeeperView {
  /** Absent before the enrolment. */
  readonly state?: LineageState
  readonly held?: HeldBundle
  /** Whom it asks, in order; absent before the enrolment. */
  readonly issuerUrls?: readonly string[]
  /** What `identity` in the configuration asks for. */
  readonly wantedIdentity?: string
}

/** Keeps one certificate fresh. It holds no timer: whoever drives it calls `step` when it says, or earlier. */
export interface CertificateKeeper {
  readonly name: string
  /**
   * Does everything that is due now, at most `deedsMax` things, and tells when to look again.
   * Throws only what concerns the state itself: `state-invalid`, a full disk, a missing enrolment; and, once all else is
   * done, what kept it from looking at the live files.
   */
  step(deedsMax?: number): Promise<Wait>
  /** What holds now, for the status. */
  view(): KeeperView
}

/** A keeper for one certificate. Everything that it does goes through `ports`; what it knows is in `store`. */
export function createCertificateKeeper(
  ports: RotationPorts,
  subject: RotationSubject,
  store: LineageStore,
): CertificateKeeper {
  const { clock, shelf, tell } = ports
  const wantedIdentity = subject.settings.identity
  const looks = openLookSchedule(subject.settings, ports.random)
  let state: LineageState | undefined
  let held: HeldBundle | undefined

  const note = (next: LineageState): LineageState => {
    state = next
    return next
  }

  const save = async (next: LineageState): Promise<LineageState> => {
    await store.write(next)
    return note(next)
  }

  const fail = async (deed: Deed, error: unknown): Promise<void> => {
    if (state === undefined) return
    const track = trackOf(deed)
    const now = clock.now()
    const pace = paceOfFailure(state.head, now)
    const times = { now, pace, anotherKeyAt: state.wasted?.keepUntil }
    const before = state.setbacks[track]
    const setback = nextSetback(before, error, { ...times, random: ports.random })
    const next = note({ ...state, setbacks: { ...state.setbacks, [track]: setback } })
    // One that cannot be written is kept in memory: its wait must hold on a full disk too.
    if (isNews(before, setback)) await store.write(next).catch(() => undefined)
    tell({ event: 'failed', track, setback })
  }

  const succeed = async (deed: Deed, before: LineageState): Promise<void> => {
    const track = trackOf(deed)
    const setback = before.setbacks[track]
    if (setback === undefined || state === undefined || !endsSetback(deed)) return
    if (state.setbacks[track] !== undefined)
      await save({ ...state, setbacks: clearSetback(state.setbacks, track) })
    tell({ event: 'recovered', track, attempts: setback.attempts })
  }

  const attempt = async (
    deed: Deed,
    now: LineageState,
    bundle: HeldBundle,
    wished: string | undefined,
  ): Promise<void> => {
    try {
      await carryOut({ ports, subject, state: now, held: bundle, wish: wished, save, note }, deed)
      await succeed(deed, now)
    } catch (error) {
      await fail(deed, error)
    }
  }

  const load = async (): Promise<{ state: LineageState; held: HeldBundle }> => {
    state ??= await store.read()
    if (state === undefined) throw notEnrolled(subject.name)
    held = (await shelf.held(state.rootFingerprint)) ?? (await recoverBundle(ports, subject, state))
    return { state, held }
  }

  return {
    name: subject.name,
    view: () => ({
      ...(state !== undefined && { state, issuerUrls: issuerUrls(subject, state) }),
      ...(held !== undefined && { held }),
      ...(wantedIdentity !== undefined && { wantedIdentity }),
    }),
    async step(deedsMax = deedsInARowMax) {
      state = await takeUpEnrolment(store, state ?? (await store.read()), tell)
      let observed: Observations | undefined
      for (let deeds = 0; deeds < deedsMax; deeds++) {
        const now = await load()
        observed ??= await observe(ports, subject, store, now.state, now.held)
        const at = clock.now()
        const seen = withLook(observed, looks.nextAt(now.state.head, at))
        const [next] = planRotation(now.state, now.held, at, seen)
        if (next === undefined || isWait(next)) return requireSeen(observed, next ?? waitAMinute(clock.now()))
        await attempt(next, now.state, now.held, observed.wish)
        if (next.do === 'look' || next.do === 'serve') looks.seen()
        if (observed.wish !== undefined || !onlyAsksTheIssuer(next)) observed = undefined
      }
      return waitAMinute(clock.now())
    },
  }
}

function requireSeen({ unseen }: Observations, wait: Wait): Wait {
  if (unseen !== undefined) throw unseen
  return wait
}

function withLook(observed: Observations, lookAt: Instant | undefined): Observations {
  return lookAt === undefined ? observed : { ...observed, lookAt }
}

/** It leaves the live files as they are. */
function onlyAsksTheIssuer(deed: Deed): boolean {
  return (
    deed.do === 'refresh-bundle' || deed.do === 'make-key' || deed.do === 'request' || deed.do === 'fetch'
  )
}

function isWait(action: RotationAction): action is Wait {
  return action.do === 'wait'
}

function waitAMinute(now: number): Wait {
  return { do: 'wait', until: now + minuteMs, because: 'back-off' }
}

function notEnrolled(name: string): MayflyError {
  return new MayflyError(
    'lineage-unknown',
    `the certificate ${name} is not enrolled; get a token with \`mayfly token create\` and run \`mayfly agent enroll TOKEN --name ${name}\``,
  )
}

/** A bundle that was lost from the state folder proves itself once more by the fingerprint of the enrolment. */
async function recoverBundle(
  { issuer, shelf, clock }: RotationPorts,
  subject: RotationSubject,
  state: LineageState,
): Promise<HeldBundle> {
  const [url = ''] = issuerUrls(subject, state)
  return shelf.accept(state.rootFingerprint, await issuer.unverifiedBundle(url), clock.now())
}
