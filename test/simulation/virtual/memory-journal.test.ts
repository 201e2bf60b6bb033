import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect, requestConnection } from '../../../packages/issuer-daemon/src/store/sqlite/connect.ts'
import { keepJournalsInMemory } from './memory-journal.ts'

test("a story's SQLite: its journal is in memory, and what was committed is found by the next process", () => {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-journal-'))
  const path = join(folder, 'store.sqlite')
  try {
    keepJournalsInMemory()
    const first = connect(path, requestConnection)
    const setting = (name: string): unknown => Object.values(first.prepare(`PRAGMA ${name}`).get() ?? {})[0]
    assert.deepEqual(['journal_mode', 'synchronous', 'locking_mode'].map(setting), ['memory', 0, 'exclusive'])
    first.exec('CREATE TABLE kept (value); BEGIN; INSERT INTO kept VALUES (1); COMMIT')
    first.exec('BEGIN; INSERT INTO kept VALUES (2); ROLLBACK')
    first.close()
    const next = connect(path, requestConnection)
    assert.deepEqual(
      next
        .prepare('SELECT value FROM kept')
        .all()
        .map(({ value }) => value),
      [1],
    )
    next.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
