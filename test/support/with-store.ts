import { openSqliteStore } from '../../packages/issuer-daemon/src/store/sqlite/open-sqlite-store.ts'
import type { Store } from '../../packages/issuer-daemon/src/store/store.ts'

/** Opens the SQLite store at `path` for `use` alone, and closes it again. */
export async function withStore<Result>(
  path: string,
  use: (store: Store) => Promise<Result>,
): Promise<Result> {
  const store = await openSqliteStore({ path })
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}
