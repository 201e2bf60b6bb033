import { addSeconds, leafLifetimeSecondsMax } from '@mayfly/ca-core'
import { type AuthorityMoves, authorityTainted } from '../issuing/intermediates/authority-moves.ts'
import type { SweepSchedule } from '../schedule/sweep-schedule.ts'
import type { RunningRenewal } from '../tls/own-certificate-renewal.ts'
import type { Foundation } from './foundation.ts'
import { type LiveSettings, requireTrustDomain } from './live-settings.ts'

/** Parts that begin to run only after the authority was taken up. */
export interface MovedParts {
  readonly renewal: Pick<RunningRenewal, 'renewSoon'>
  readonly schedule: Pick<SweepSchedule, 'runSoon'>
}

export interface LiveAuthorities extends AuthorityMoves {
  /** Tells it of the parts that have to follow a move. */
  attach(parts: MovedParts): void
  /** Intermediates that hosts are told of: those under which certificates may still live. */
  noticed(): readonly string[]
}

/** The slots on disk and the intermediate in memory, moved together. */
export function createLiveAuthorities(live: LiveSettings, foundation: Foundation): LiveAuthorities {
  const { store, shelf, clock, log, loadAuthority } = foundation
  let parts: MovedParts | undefined
  let heeding: Promise<void> | undefined

  const takeUp = async (): Promise<void> => {
    await shelf.choosePrepared()
    const loaded = await loadAuthority()
    requireTrustDomain(live.configuration, loaded)
    live.loaded = loaded
    parts?.renewal.renewSoon()
    const { fingerprint, subject } = loaded.issuing.authority.certificate
    log.warn({ fingerprint, subject }, 'another intermediate signs from now on')
  }

  const heed = async (): Promise<void> => {
    const taints = await store.taints()
    const isTainted = (fingerprint: string) => taints.some((taint) => taint.fingerprint === fingerprint)
    const { fingerprint } = live.loaded.issuing.chain
    try {
      if (!isTainted(fingerprint)) return
      const next = await shelf.checkPrepared()
      if (isTainted(next.fingerprint)) throw authorityTainted(next.fingerprint)
      await takeUp()
    } catch (cause) {
      throw authorityTainted(fingerprint, cause)
    } finally {
      // Last: until the other one signs, nobody is to be told that none can.
      live.taints = taints
    }
  }

  return {
    attach(running) {
      parts = running
    },
    noticed() {
      const livingSince = addSeconds(clock.now(), -leafLifetimeSecondsMax)
      return live.taints.filter(({ at }) => at >= livingSince).map(({ fingerprint }) => fingerprint)
    },
    slots: () => shelf.slots(),
    checkPrepared: () => shelf.checkPrepared(),
    async activate() {
      await takeUp()
      return live.loaded.issuing.authority.certificate
    },
    heedTaints() {
      // Requests that come at once wait for the same look.
      heeding ??= heed().finally(() => {
        heeding = undefined
      })
      return heeding
    },
    taints: () => live.taints,
    destroyKey: (fingerprint) => shelf.destroyKey(fingerprint),
    forgetDestroyed: (fingerprint) => shelf.forgetDestroyed(fingerprint),
    sweepSoon: () => parts?.schedule.runSoon(),
  }
}
