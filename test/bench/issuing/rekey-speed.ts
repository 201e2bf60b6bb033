import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair, hourMs } from '@mayfly/ca-core'
import { createIssuer } from '@mayfly/issuer-daemon'
import { systemClock } from '@mayfly/platform'
import { openSqliteStore } from '../../../packages/issuer-daemon/src/store/sqlite/open-sqlite-store.ts'
import type { Store } from '../../../packages/issuer-daemon/src/store/store.ts'
import type { Bench } from '../figure.ts'
import { commit, nameOf, portsOf, stage } from './staged-identities.ts'

const identitiesFull = 100_000
const identitiesQuick = 2_000
const stagedAtOnce = 500

/**
 * The intermediate is tainted when every identity has a certificate under it and a key that is due only in hours:
 * the time until the last of them has its certificate under the next intermediate, durable on SQLite.
 */
export const rekeySpeed: Bench = {
  async run({ quick, tell }) {
    const count = quick ? identitiesQuick : identitiesFull
    const folder = await mkdtemp(join(tmpdir(), 'mayfly-rekey-'))
    const store = await openSqliteStore({ path: join(folder, 'store.sqlite') })
    try {
      tell(`a fleet of ${count} under the first intermediate`)
      const tainted = await portsOf(store)
      await stage(store, count, systemClock.now())
      await mintAll(tainted, count)
      tell('staging the keys after those')
      await stageNext(store, count)
      const next = createIssuer({ ...(await portsOf(store)) })
      const { fingerprint } = tainted.authority().chain
      tell('tainted: certifying all of them under the next')
      const begun = performance.now()
      const cpuBefore = process.cpuUsage()
      const at = systemClock.now()
      await commit(store, [{ at, parts: [{ do: 'taint', fingerprint, at }] }])
      const report = await next.sweep({ until: systemClock.now() + hourMs })
      const seconds = (performance.now() - begun) / 1_000
      const cpu = process.cpuUsage(cpuBefore)
      if (report.minted !== count) throw new Error(`not all were minted: ${JSON.stringify(report)}`)
      const left = (await store.chains(systemClock.now())).find((chain) => chain.fingerprint === fingerprint)
      if (left?.liveLeaves !== count) throw new Error('the first certificates are not where they were')
      return [
        { name: 'rekey.count', value: count, unit: 'identities' },
        { name: 'rekey.cpuSeconds', value: (cpu.user + cpu.system) / 1e6, unit: 's, of all threads' },
        { name: 'rekey.fleetSeconds', value: seconds, unit: 's', aim: { atMost: 30 } },
      ]
    } finally {
      await store.close()
      await rm(folder, { recursive: true })
    }
  },
}

async function mintAll(ports: Awaited<ReturnType<typeof portsOf>>, count: number): Promise<void> {
  const { minted } = await createIssuer(ports).sweep({ until: systemClock.now() })
  if (minted !== count) throw new Error(`minted ${minted} of ${count}`)
}

/** What agents ask for as soon as a certificate is in use: the next key, for its half life. */
async function stageNext(store: Store, count: number): Promise<void> {
  for (let from = 0; from < count; from += stagedAtOnce) {
    const numbers = Array.from({ length: Math.min(stagedAtOnce, count - from) }, (_, index) => from + index)
    const changes = numbers.map(async (number) => {
      const { publicKey } = await generateKeyPair('ec-p256')
      const identity = await store.identity({ name: nameOf(number) })
      if (identity?.lineage === undefined) throw new Error('an identity has no lineage')
      const now = systemClock.now()
      const staged = {
        spki: publicKey.spki,
        keyHash: publicKey.hash,
        parentGeneration: identity.lineage.newestGeneration,
        stagedAt: now,
        mintAt: now + 12 * hourMs,
      }
      return { at: now, parts: [{ do: 'move-identity', next: { ...identity, staged } }] } as const
    })
    await commit(store, await Promise.all(changes))
  }
}
