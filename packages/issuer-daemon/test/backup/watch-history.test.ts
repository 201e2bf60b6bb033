import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { formatInstant, hourMs, MayflyError } from '@mayfly/ca-core'
import { FakeClock } from '../../../../test/fakes/fake-clock.ts'
import { audit } from '../../../../test/suites/store/store-records.ts'
import { readKeptAlarms } from '../../src/alarms/kept-alarms.ts'
import type { MarkedEnd } from '../../src/backup/history-mark.ts'
import { restoredNote } from '../../src/backup/restore-notes.ts'
import { watchHistory } from '../../src/backup/watch-history.ts'
import { createIssuer } from '../../src/issuing/create-issuer.ts'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import { createHost, createIssuerKit } from '../support/issuer-kit.ts'

async function openStore(t: TestContext, clock: FakeClock): Promise<Store> {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-history-'))
  const store = await openSqliteStore({ path: join(folder, 'store.sqlite'), clock })
  t.after(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })
  return store
}

test('the mark cannot be read once → told; read again the next time, without a restart', async (t) => {
  const clock = new FakeClock()
  const store = await openStore(t, clock)
  let isBroken = true
  const historyMark = {
    async read(): Promise<MarkedEnd | undefined> {
      if (isBroken) throw new MayflyError('state-invalid', 'history-mark.json cannot be read.')
      return undefined
    },
    write: () => Promise.resolve(),
  }
  const history = watchHistory({ store, clock, historyMark })
  await assert.rejects(history.compare(), /cannot be read/)
  isBroken = false
  await history.compare()
})

/** Of a record that the store has not. */
const markOf = (end: MarkedEnd) => ({ read: async () => end, write: async () => undefined })
const lostEnd = (at: number, number = 999): MarkedEnd => ({ number, hash: 'ab'.repeat(32), at })

for (const [when, agoMs, alarms] of [
  ['and that was noticed or done by a restore since', -1, []],
  ['and the last restore was before it was marked', 1, ['store-restored']],
] as const) {
  for (const look of ['compare', 'mark'] as const) {
    test(`the store has not what is marked, ${when}: ${look} → ${alarms.length} alarms`, async (t) => {
      const clock = new FakeClock()
      const store = await openStore(t, clock)
      const restoredAt = formatInstant(clock.now() - agoMs)
      const text = JSON.stringify({ backupAt: restoredAt, restoredAt })
      const at = clock.now()
      await store.commit([{ at, parts: [{ do: 'set-note', name: restoredNote, text }, audit('one')] }])
      await watchHistory({ store, clock, historyMark: markOf(lostEnd(at)) })[look]()
      assert.deepEqual(
        (await readKeptAlarms(store)).map(({ because }) => because),
        alarms,
      )
    })
  }
}

test('the store has another record in the place of the one that is marked → the alarm', async (t) => {
  const clock = new FakeClock()
  const store = await openStore(t, clock)
  await store.commit([{ at: clock.now(), parts: [audit('one'), audit('two')] }])
  await watchHistory({ store, clock, historyMark: markOf(lostEnd(clock.now(), 1)) }).compare()
  assert.equal((await readKeptAlarms(store)).length, 1)
})

test('an older store under a running issuer → the sweep that finds it mints nothing of what waits in it', async (t) => {
  const kit = await createIssuerKit()
  t.after(() => kit.close())
  const host = createHost(() => kit, 'web-1', '192.0.2.1')
  await host.enroll()
  await host.request()
  await kit.clock.advance(18 * hourMs)
  const issuer = createIssuer({ ...kit.ports, historyMark: markOf(lostEnd(kit.clock.now())) })
  assert.deepEqual(await issuer.sweep({ until: kit.clock.now() }), { due: 0, minted: 0, failed: 0 })
})
