import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeSuite } from '../../../../../test/suites/store-suite.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts'

storeSuite('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-store-'))
  return {
    open: () => openSqliteStore({ path: join(folder, 'store.sqlite') }),
    remove: () => rm(folder, { recursive: true }),
  }
})
