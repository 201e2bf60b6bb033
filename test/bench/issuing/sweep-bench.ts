import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { dayMs, hourMs, type Instant } from '@mayfly/ca-core'
import { createIssuer, type Issuer } from '@mayfly/issuer-daemon'
import { systemClock } from '@mayfly/platform'
import { prepareAuthority } from '../../../packages/issuer-daemon/src/authority/load-authority.ts'
import type { IssuingAuthority } from '../../../packages/issuer-daemon/src/issuing/intermediates/issuing-authority.ts'
import type { IssuerPorts } from '../../../packages/issuer-daemon/src/issuing/issuer-ports.ts'
import { openSqliteStore } from '../../../packages/issuer-daemon/src/store/sqlite/open-sqlite-store.ts'
import type { Store } from '../../../packages/issuer-daemon/src/store/store.ts'
import { createTestAuthority } from '../../support/test-issuer.ts'
import { fillStore } from './fill-store.ts'
import { portsOf } from './staged-identities.ts'

/** Keys of a filled store fall due within this time, so that a part of it is a part of them. */
const dueWithinMs = 12 * hourMs

const checkpointTimeoutMs = 60_000

/** A filled store with an issuer on it. */
export interface FilledIssuer {
  readonly path: string
  readonly store: Store
  readonly ports: IssuerPorts
  readonly issuer: Issuer
  /** Mints what is due in the first so much of the time, and what that cost. */
  sweep(share: number): Promise<SweepCost>
  /** Takes what was written last into the file. */
  checkpoint(): void
  close(): Promise<void>
}

export interface SweepCost {
  readonly minted: number
  readonly seconds: number
  /** Of all threads of the process. */
  readonly cpuSeconds: number
}

export async function prepareBenchAuthority(): Promise<IssuingAuthority> {
  const { authority, bundle } = await createTestAuthority({ now: systemClock.now() - dayMs })
  return prepareAuthority(authority, bundle.roots[0]?.fingerprint ?? '')
}

export async function fillIssuer(count: number, authority: IssuingAuthority): Promise<FilledIssuer> {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-sweep-'))
  const path = join(folder, 'store.sqlite')
  const now = systemClock.now()
  await fillStore({ path, count, now, dueWithinMs, authority })
  const store = await openSqliteStore({ path })
  const ports = { ...(await portsOf(store)), authority: () => authority }
  const issuer = createIssuer(ports)
  return {
    path,
    store,
    ports,
    issuer,
    sweep: (share) => measureSweep(issuer, now + share * dueWithinMs),
    checkpoint() {
      // The writing thread may be at it already.
      const database = new DatabaseSync(path, { timeout: checkpointTimeoutMs })
      const done = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()
      database.close()
      if (done?.busy !== 0) throw new Error('what was written last is not in the file')
    },
    async close() {
      await store.close()
      await rm(folder, { recursive: true })
    },
  }
}

async function measureSweep(issuer: Issuer, until: Instant): Promise<SweepCost> {
  const cpu = process.cpuUsage()
  const begun = performance.now()
  const { minted, failed, stopped } = await issuer.sweep({ until })
  const seconds = (performance.now() - begun) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  if (failed > 0 || stopped !== undefined) throw new Error(`the sweep failed: ${stopped ?? failed}`)
  return { minted, seconds, cpuSeconds: (user + system) / 1e6 }
}

export function addCosts(costs: readonly SweepCost[]): SweepCost {
  return costs.reduce((sum, cost) => ({
    minted: sum.minted + cost.minted,
    seconds: sum.seconds + cost.seconds,
    cpuSeconds: sum.cpuSeconds + cost.cpuSeconds,
  }))
}

/** With the log of what was written last. */
export async function bytesOf(path: string): Promise<number> {
  const sizes = [path, `${path}-wal`].map((file) =>
    stat(file).then(
      ({ size }) => size,
      () => 0,
    ),
  )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
