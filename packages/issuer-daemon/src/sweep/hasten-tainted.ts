import { addSeconds, leafLifetimeSecondsMax } from '@mayfly/ca-core'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { Change } from '../store/change.ts'
import type { IdentityRecord } from '../store/identity-record.ts'

/** Identities that are looked at in one step. */
const lookedAtOnce = 2_000

/**
 * Makes due at once every staged key whose identity still holds a certificate of a tainted intermediate. A key that
 * was certified already gets no second certificate: its host is told, and makes another key.
 *
 * Done at every sweep for as long as such certificates may live, so that it is finished after a crash, and that hosts
 * which stage a key late are found too.
 */
export async function hastenTainted(
  { store, clock }: Pick<IssuerPorts, 'store' | 'clock'>,
  signal?: AbortSignal,
): Promise<number> {
  const now = clock.now()
  const livingSince = addSeconds(now, -leafLifetimeSecondsMax)
  const isOver = (await store.taints()).every(({ at }) => at < livingSince)
  if (isOver) return 0
  let hastened = 0
  for (let afterId: number | undefined = 0; afterId !== undefined && signal?.aborted !== true; ) {
    const page = await store.stagedUnderTaint({ dueAfter: now, afterId, limit: lookedAtOnce })
    const changes = page.identities.flatMap((identity) => hasten(identity, now))
    // One that moved meanwhile is found by the next sweep, if it still has to be.
    const outcomes = changes.length === 0 ? [] : await store.commit(changes)
    hastened += outcomes.filter(({ done }) => done).length
    afterId = page.nextAfterId
  }
  return hastened
}

function hasten(identity: IdentityRecord, now: number): Change[] {
  if (identity.staged === undefined) return []
  const staged = { ...identity.staged, mintAt: now }
  return [{ at: now, parts: [{ do: 'move-identity', next: { ...identity, staged } }] }]
}
