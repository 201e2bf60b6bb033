import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, it } from 'node:test'
import {
  certificate,
  found,
  intent,
  newIdentity,
  stagedKey,
  start,
} from '../../../../../test/suites/store/store-records.ts'
import type { ChangePart } from '../../../src/store/change.ts'
import { readIdentities } from '../../../src/store/sqlite/inspect-database.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts'
import type { Store } from '../../../src/store/store.ts'

describe('what a sweep writes to an SQLite store', () => {
  let folder: string
  let path: string
  let store: Store

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mayfly-staged-'))
    path = join(folder, 'store.sqlite')
    store = await openSqliteStore({ path })
  })
  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })

  async function apply(...parts: ChangePart[]): Promise<void> {
    assert.deepEqual(await store.commit([{ at: start, parts }]), [{ done: true }])
  }

  async function identity() {
    return found(await store.identity({ name: 'web-1' }))
  }

  /** With a key that a sweep has certified. */
  async function addSwept(): Promise<void> {
    await apply({ do: 'add-identity', identity: newIdentity('web-1') })
    const lineage = { number: 1, headGeneration: 1, headSince: start, newestGeneration: 1 }
    const staged = stagedKey('key 1', start)
    await apply({
      do: 'move-identity',
      next: { ...(await identity()), lineagesBegun: 1, lineage, staged },
    })
    const { version, quota } = await identity()
    const place = { generation: 2, parentGeneration: 1 }
    await apply({ do: 'intend', intent: { ...intent(await identity(), 1), ...place } })
    const begun = { version, mintAt: start, quota }
    await apply({ do: 'record', certificate: certificate(1), at: start, begun })
  }

  /** The row of the identity as it is on disk, and what lies beside it. */
  function rows() {
    const database = new DatabaseSync(path, { readOnly: true })
    const [row] = database.prepare('SELECT version, newest_generation, mint_at FROM identity').all()
    const count = (table: string) => database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n
    const seen = { row: { ...row }, due: count('due'), minted: count('minted') }
    database.close()
    return seen
  }

  it('the row of the identity stays; the next who writes to it takes up what lies beside it', async () => {
    await addSwept()
    assert.deepEqual(rows(), {
      row: { version: 2, newest_generation: 1, mint_at: start },
      due: 0,
      minted: 1,
    })
    const next = await identity()
    assert.equal(next.version, 3)
    await apply({ do: 'move-identity', next })
    assert.deepEqual(rows(), {
      row: { version: 4, newest_generation: 2, mint_at: null },
      due: 0,
      minted: 0,
    })
    assert.deepEqual(await identity(), { ...next, version: 4 })
  })

  it('a restore that asks the file of the store that it replaces → is told of that certificate', async () => {
    await addSwept()
    assert.deepEqual(readIdentities(path)?.get('web-1'), await identity())
    assert.equal((await identity()).newest?.generation, 2)
  })
})
