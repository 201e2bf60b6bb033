import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeSuite } from '../../../../../test/suites/store-suite.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts'

for (const [name, options] of [
  ['SQLite', {}],
  ['SQLite, all in its thread', { changesInLoopMax: 0 }],
] as const) {
  storeSuite(name, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mayfly-store-'))
    return {
      open: () => openSqliteStore({ path: join(folder, 'store.sqlite'), ...options }),
      remove: () => rm(folder, { recursive: true }),
    }
  })
}
