import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { FakeClock } from '../../../../../test/fakes/fake-clock.ts'
import { audit, requestIds, start } from '../../../../../test/suites/store/store-records.ts'
import { withoutPackages } from '../../../../../test/support/missing-programs.ts'
import { auditChainOrigin, verifyAuditChain } from '../../../src/audit/audit-chain.ts'
import { type DatabaseServer, startDatabaseServer } from '../../support/database-server.ts'
import { openTestStore } from '../../support/postgres-store.ts'
import { type StandbyServer, startStandby } from '../../support/standby-server.ts'

describe('PostgreSQL store, failover', { skip: withoutPackages('postgresql') }, () => {
  let primary: DatabaseServer
  let standby: StandbyServer
  beforeEach(async () => {
    primary = await startDatabaseServer()
    standby = await startStandby(primary)
  })
  afterEach(async () => {
    await standby?.stop()
    await primary?.resume().catch(() => undefined)
    await primary?.remove()
  })

  it('the primary stands still and the standby takes over → who asked is told after ten seconds, the next is served by it', async () => {
    const url = await primary.createDatabase()
    await standby.holds(url)
    const members = `127.0.0.1:${primary.port},127.0.0.1:${standby.port}`
    const clock = new FakeClock()
    const store = await openTestStore(url.replace(/127\.0\.0\.1:\d+/, members), { clock })
    const write = (request: string) => store.commit([{ at: start, parts: [audit(request)] }])
    await write('before')
    await primary.pause()
    const asked = assert.rejects(write('lost'), /has not answered for 10 s/)
    await clock.untilSleeping()
    await clock.advance(10_000)
    await asked
    await standby.promote()
    await clock.advance(1_000)
    assert.deepEqual(await write('after'), [{ done: true }])
    assert.deepEqual(await requestIds(store), ['before', 'after'])
    await store.close()
  })

  it('the primary dies under load and the standby takes over → each record once, in one chain', async () => {
    const url = await primary.createDatabase()
    await standby.holds(url)
    const members = `127.0.0.1:${standby.port},127.0.0.1:${primary.port}`
    const store = await openTestStore(url.replace(/127\.0\.0\.1:\d+/, members))
    const all = Array.from({ length: 400 }, (_, index) => `request-${index}`)
    let done = 0
    const writing = Promise.all(
      Array.from({ length: 4 }, async (_, writer) => {
        for (const request of all.slice(writer * 100, writer * 100 + 100)) {
          const [outcome] = await store.commit([{ at: start, parts: [audit(request)] }])
          assert.deepEqual(outcome, { done: true })
          done += 1
        }
      }),
    )
    while (done < 150) await new Promise((resolve) => setTimeout(resolve, 2))
    await primary.crash()
    await standby.promote()
    await writing
    const records = await store.auditRecords({ afterNumber: 0, limit: 10_000 })
    assert.ok(verifyAuditChain(auditChainOrigin, records).intact)
    assert.deepEqual((await requestIds(store)).sort(), all.toSorted())
    await store.close()
  })
})
