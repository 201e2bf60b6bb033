import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { hash, pruneNothing, start } from '../../../../../test/suites/store/store-records.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts'
import type { Store } from '../../../src/store/store.ts'

/** Tables of a row or a few, however large the fleet is and however long it runs. */
const smallTables: ReadonlySet<string> = new Set([
  'agent_count',
  'chain',
  'head',
  'note',
  'sqlite_schema',
  'taint',
])

/** Indexes that hold what is to be counted and nothing else: to count is to read all of one. */
const countedIndexes: ReadonlySet<string> = new Set(['identity_suspended', 'identity_due'])

/** Each way into the store once, so that every statement is prepared. */
const ways: Record<Exclude<keyof Store, 'shared' | 'leaseSeconds' | 'close'>, (store: Store) => unknown> = {
  commit: (store) => store.commit([{ at: start, parts: [] }]),
  identity: (store) => store.identity({ name: 'web-1' }),
  identities: (store) => store.identities({ limit: 1 }),
  token: (store) => store.token('token-1'),
  tokens: (store) => store.tokens({ limit: 1 }),
  issuance: (store) => store.issuance(hash('key')),
  certificate: (store) => store.certificate({ keyHash: hash('key') }),
  pendingIntents: (store) => store.pendingIntents({ intendedBefore: start, limit: 1 }),
  claimDue: (store) => store.claimDue({ until: start, limit: 1 }),
  taints: (store) => store.taints(),
  stagedUnderTaint: (store) => store.stagedUnderTaint({ dueAfter: start, afterId: 0, limit: 1 }),
  chains: (store) => store.chains(start),
  auditRecords: (store) => store.auditRecords({ afterNumber: 0, limit: 1 }),
  auditEnd: (store) => store.auditEnd(),
  note: (store) => store.note('alarm'),
  newestInstant: (store) => store.newestInstant(),
  counts: (store) => store.counts(start),
  fleet: (store) => store.fleet(start),
  sizeBytes: (store) => store.sizeBytes(),
  logBytes: (store) => store.logBytes(),
  packAudit: (store) => store.packAudit(start),
  prune: (store) => store.prune({ ...pruneNothing, auditBefore: start }),
}

describe('statements of the SQLite store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-plans-'))
  const path = join(folder, 'store.sqlite')
  const statements = new Set<string>()
  const { prepare } = DatabaseSync.prototype

  before(async () => {
    DatabaseSync.prototype.prepare = function recording(sql, ...options) {
      statements.add(sql)
      return prepare.call(this, sql, ...options)
    }
    const store = await openSqliteStore({ path })
    for (const use of Object.values(ways)) await use(store)
    await store.close()
  })
  after(() => {
    DatabaseSync.prototype.prepare = prepare
    rmSync(folder, { recursive: true })
  })

  it('look up by index only: none reads a table that grows, and none sorts', () => {
    const database = new DatabaseSync(path)
    const queries = [...statements].filter((sql) => /^\s*(?:SELECT|INSERT|UPDATE|DELETE)/.test(sql))
    assert.ok(queries.length > 30, `${queries.length} statements were seen`)
    const slow = queries.flatMap((sql) =>
      stepsOf(database, sql)
        .filter(isSlow)
        .map((step) => ({ sql, step })),
    )
    database.close()
    assert.deepEqual(slow, [])
  })

  // computeLimitRegisters in SQLite's select.c reads the value of a plain `LIMIT ?` into the plan, and so prepares the
  // statement anew each time another value is bound, even the same one: several times the cost of a look.
  it('none is prepared anew at each use, as a plain LIMIT ? is', () => {
    const limited = [...statements].filter((sql) => /\bLIMIT [+?:]/.test(sql))
    assert.ok(limited.length > 5, `${limited.length} statements with a limit were seen`)
    assert.deepEqual(
      limited.filter((sql) => /\bLIMIT [?:]/.test(sql)),
      [],
    )
  })

  it('a statement without an index is found out', () => {
    const database = new DatabaseSync(path)
    const steps = [
      ...stepsOf(database, 'SELECT count(*) FROM issuance WHERE state = 1'),
      ...stepsOf(database, 'SELECT * FROM identity ORDER BY seen_at'),
    ]
    database.close()
    assert.equal(steps.filter(isSlow).length, 3)
  })
})

function stepsOf(database: DatabaseSync, sql: string): string[] {
  return database
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all()
    .map(({ detail }) => String(detail))
}

/** sqlite.org/eqp.html: SCAN visits every row of the table, or of the index that it names. */
function isSlow(step: string): boolean {
  if (step.startsWith('USE TEMP B-TREE')) return true
  const [, table, index] = /^SCAN (\w+)(?: USING COVERING INDEX (\w+))?/.exec(step) ?? []
  if (table === undefined || step === 'SCAN CONSTANT ROW') return false
  return !smallTables.has(table) && !countedIndexes.has(index ?? '')
}
