import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { FakeClock } from '../../../../test/fakes/fake-clock.ts'
import { found, intent, newIdentity, start } from '../../../../test/suites/store/store-records.ts'
import { recover } from '../../src/issuing/recover.ts'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'

/** More than are given up in one transaction. */
const many = 1_100

test('recover: a sweep was killed with many intents pending → all of them burnt, each with its record', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-recover-'))
  const store = await openSqliteStore({ path: join(folder, 'store.sqlite') })
  try {
    await store.commit([{ at: start, parts: [{ do: 'add-identity', identity: newIdentity('web-1') }] }])
    const identity = found(await store.identity({ name: 'web-1' }))
    const intents = Array.from({ length: many }, (_, index) => intent(identity, index + 1))
    await store.commit(intents.map((one) => ({ at: start, parts: [{ do: 'intend', intent: one }] })))
    const told: string[] = []
    const trace = { step: (name: string) => void told.push(name) }
    const burnt = await recover({ store, clock: new FakeClock(start), trace })
    const serials = intents.map(({ serial }) => serial).sort()
    assert.deepEqual(burnt.map(({ serial }) => serial).sort(), serials)
    assert.deepEqual(told, Array(many).fill('serial.burnt'))
    const records = await store.auditRecords({ afterNumber: 0, limit: 10_000 })
    const facts = records.map(({ text }) => JSON.parse(text) as Record<string, string>)
    assert.deepEqual(facts.map(({ serial }) => serial).sort(), serials)
    for (const { identity: name, reason } of facts)
      assert.deepEqual([name, reason], ['web-1', 'serial-burnt'])
    assert.deepEqual(await store.pendingIntents({ intendedBefore: start + 1, limit: 1 }), [])
  } finally {
    await store.close()
    await rm(folder, { recursive: true })
  }
})
