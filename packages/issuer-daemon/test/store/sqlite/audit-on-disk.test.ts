import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { dayMs } from '@mayfly/ca-core'
import { audit, start } from '../../../../../test/suites/store/store-records.ts'
import { auditChainOrigin, verifyAuditChain } from '../../../src/audit/audit-chain.ts'
import { packTexts, unpackTexts } from '../../../src/audit/packing/pack-texts.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts'

test('audit on disk: a packed segment is altered while the store is open → the next page shows it, and one record needs no unpacking', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-store-'))
  const path = join(folder, 'store.sqlite')
  const store = await openSqliteStore({ path })
  try {
    await store.commit([{ at: start, parts: ['one', 'two', 'three'].map((id) => audit(id)) }])
    assert.equal(await store.packAudit(start + dayMs), 3)
    const read = () => store.auditRecords({ afterNumber: 0, limit: 1_000 })
    for (const limit of [1, 2]) await store.auditRecords({ afterNumber: 0, limit })
    assert.ok(verifyAuditChain(auditChainOrigin, await read()).intact)

    const other = new DatabaseSync(path)
    const { packed } = other.prepare('SELECT packed FROM audit_segment').get() ?? {}
    const texts = unpackTexts(packed as Uint8Array).map((text) => text.replace('two', 'six'))
    other.prepare('UPDATE audit_segment SET packed = ?').run(packTexts(texts))
    other.close()
    assert.deepEqual(verifyAuditChain(auditChainOrigin, await read()).intact, false)
    const [second] = await store.auditRecords({ afterNumber: 1, limit: 1 })
    assert.match(second?.text ?? '', /two/)
  } finally {
    await store.close()
    await rm(folder, { recursive: true })
  }
})
