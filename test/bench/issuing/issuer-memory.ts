import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Clock, dayMs } from '@mayfly/ca-core'
import { loadAuthority } from '@mayfly/issuer-daemon'
import { adminClient } from '@mayfly/issuer-daemon/administration'
import { nodeFileSystem, systemClock } from '@mayfly/platform'
import { ceremony, makeRoot, passphrase } from '../../../packages/issuer-daemon/test/support/live-issuer.ts'
import { startBenchIssuer } from '../agents/bench-fleet.ts'
import { cpuMsOf, peakRssMiBOf, rssMiBOf, untilQuiet } from '../agents/process-cost.ts'
import { buildMayfly } from '../built-packages.ts'
import type { Bench, Figure } from '../figure.ts'
import { fillStore } from './fill-store.ts'

const identitiesFull = 1_000_000
const identitiesQuick = 20_000
const lookEveryMs = 1_000
const sweepLimitMs = 3_600_000
/** V8 gives back what a sweep's garbage took within two minutes of nothing to do. */
const restMs = 180_000

/** The memory of `mayfly issuer run`, as shipped, after its first sweep has minted for every identity there is. */
export const issuerMemory: Bench = {
  async *run({ quick, tell }) {
    const count = quick ? identitiesQuick : identitiesFull
    const folder = await mkdtemp(join(tmpdir(), 'mayfly-memory-'))
    const socket = join(folder, 'admin.sock')
    const mayfly = await buildMayfly()
    tell(`filling a store with ${count} identities`)
    const issuer = await startBenchIssuer(mayfly, folder, socket, (state) => fillState(state, count))
    try {
      tell('sweeping')
      await untilSwept(socket, count)
      yield* figuresOf(issuer.pid, count)
    } finally {
      await issuer.stop()
      await rm(folder, { recursive: true, force: true })
    }
  },
}

/** The authority is older than the certificates that the store is filled with. */
async function fillState(state: string, count: number): Promise<void> {
  const yesterday: Clock = { ...systemClock, now: () => systemClock.now() - dayMs }
  await ceremony(state, await makeRoot(yesterday), yesterday)
  const now = systemClock.now()
  const { issuing: authority } = await loadAuthority({
    fileSystem: nodeFileSystem,
    state,
    passphrase: Buffer.from(passphrase),
    now,
  })
  await fillStore({ path: join(state, 'store.sqlite'), count, now, dueWithinMs: 1_000, authority })
}

async function untilSwept(socket: string, count: number): Promise<void> {
  const admin = adminClient(socket)
  for (const begun = performance.now(); performance.now() - begun < sweepLimitMs; await sleep(lookEveryMs)) {
    const { lastSweep } = await admin.status()
    if (lastSweep === undefined) continue
    if (lastSweep.minted >= count) return
    throw new Error(`the sweep minted ${lastSweep.minted} of ${count}: ${lastSweep.stopped?.message}`)
  }
  throw new Error('the sweep did not end')
}

async function* figuresOf(pid: number, count: number): AsyncGenerator<Figure> {
  await untilQuiet([pid])
  const after = await rssMiBOf(pid)
  await sleep(restMs)
  const rss = await rssMiBOf(pid)
  yield { name: 'issuer.identities', value: count, unit: 'swept at once' }
  yield { name: 'issuer.rssMiB', value: rss, unit: 'MiB, three minutes after', aim: { atMost: 300 } }
  yield { name: 'issuer.rssAfterMiB', value: after, unit: 'MiB, right after the sweep' }
  yield { name: 'issuer.rssPeakMiB', value: await peakRssMiBOf(pid), unit: 'MiB, in the sweep' }
  yield {
    name: 'issuer.cpuMicroseconds',
    value: ((await cpuMsOf(pid)) * 1_000) / count,
    unit: 'µs a certificate, its start included',
  }
}
