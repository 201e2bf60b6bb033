import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { MayflyError } from '@mayfly/ca-core'
import { FakeClock } from '../../../../test/fakes/fake-clock.ts'
import type { MarkedEnd } from '../../src/backup/history-mark.ts'
import { watchHistory } from '../../src/backup/watch-history.ts'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'

test('the mark cannot be read once → told; read again the next time, without a restart', async (t) => {
  const clock = new FakeClock()
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-history-'))
  const store = await openSqliteStore({ path: join(folder, 'store.sqlite'), clock })
  t.after(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })
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
