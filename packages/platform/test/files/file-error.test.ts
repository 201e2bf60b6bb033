import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { it } from 'node:test'
import { isMayflyError } from '@mayfly/ca-core'
import { fileError } from '@mayfly/platform'

it('fileError: SQLite finds no room → disk-full, as where the system says so itself', () => {
  const database = new DatabaseSync(':memory:')
  database.exec('PRAGMA max_page_count = 2; CREATE TABLE t (x)')
  try {
    database.exec('INSERT INTO t VALUES (zeroblob(100000))')
    assert.fail('it had room')
  } catch (cause) {
    const error = fileError('/state/lock', 'write', cause)
    assert.ok(isMayflyError(error, 'disk-full'))
    assert.equal(error.message, '/state/lock: no space is left on the disk')
  }
})
