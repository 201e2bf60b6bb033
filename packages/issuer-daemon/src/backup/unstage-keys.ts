import type { Instant } from '@mayfly/ca-core'
import type { Change } from '../store/change.ts'
import type { Store } from '../store/store.ts'

/** Identities that are looked at in one step. */
const pageSize = 1_000

/**
 * Takes every key off the stage of a store that is a backup. A key that waits in it may have got its certificate since,
 * and a key gets one. Only its host knows: where it has the certificate it signs with it; where not, it asks for the key
 * again, ten minutes after the time that it was promised, and the key is certified then. Resolves to how many there were.
 */
export async function unstageKeys(store: Pick<Store, 'identities' | 'commit'>, at: Instant): Promise<number> {
  let unstaged = 0
  for (let afterName = ''; ; ) {
    const page = await store.identities({ afterName, limit: pageSize })
    const changes = page.flatMap(({ staged, ...next }): Change[] =>
      staged === undefined ? [] : [{ at, parts: [{ do: 'move-identity', next }] }],
    )
    if (changes.length > 0) await store.commit(changes)
    unstaged += changes.length
    const last = page.at(-1)
    if (last === undefined || page.length < pageSize) return unstaged
    afterName = last.name
  }
}
