import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { isMayflyError } from '@mayfly/ca-core'
import { FakeClock } from '../../../../../test/fakes/fake-clock.ts'
import {
  audit,
  found,
  intent,
  newIdentity,
  requestIds,
  start,
} from '../../../../../test/suites/store/store-records.ts'
import { hurriedClock } from '../../../../../test/support/hosts/hurried-clock.ts'
import { withoutPackages } from '../../../../../test/support/missing-programs.ts'
import { until } from '../../../../../test/support/servers/started-server.ts'
import { auditChainOrigin, verifyAuditChain } from '../../../src/audit/audit-chain.ts'
import type { Change } from '../../../src/store/change.ts'
import type { Store } from '../../../src/store/store.ts'
import { type DatabaseServer, startDatabaseServer } from '../../support/database-server.ts'
import { openTestStore } from '../../support/postgres-store.ts'
import { type SeveringProxy, startSeveringProxy } from '../../support/severing-proxy.ts'

describe('PostgreSQL store, connection lost', { skip: withoutPackages('postgresql') }, () => {
  let server: DatabaseServer
  let proxy: SeveringProxy
  let url: string
  let store: Store
  before(async () => {
    server = await startDatabaseServer()
    proxy = await startSeveringProxy(server.port)
  })
  after(async () => {
    await proxy?.close()
    await server?.remove()
  })
  beforeEach(async () => {
    url = await server.createDatabase()
    store = await openTestStore(url.replace(`:${server.port}/`, `:${proxy.port}/`))
  })
  afterEach(() => store.close())

  for (const where of ['before-commit', 'after-commit'] as const) {
    it(`cut ${where} → written once, and the caller learns how it ended`, async () => {
      const before = proxy.severed
      await store.commit([{ at: start, parts: [{ do: 'add-identity', identity: newIdentity('web-1') }] }])
      const identity = found(await store.identity({ name: 'web-1' }))
      proxy.sever(where, 3)
      const outcomes = await store.commit([
        { at: start, parts: [audit('one'), { do: 'intend', intent: intent(identity, 1) }] },
        { at: start, parts: [audit('none'), { do: 'intend', intent: intent(identity, 1) }] },
        { at: start, parts: [audit('two')] },
      ])
      // A commit that came through is not tried again, so that one cut is all.
      assert.equal(proxy.severed - before, where === 'after-commit' ? 1 : 3)
      proxy.sever(where, 0)
      assert.deepEqual(outcomes, [{ done: true }, { done: false, refused: 'serial-taken' }, { done: true }])
      assert.deepEqual(await requestIds(store), ['one', 'two'])
      assert.equal((await store.counts(start)).issued, 0)
      assert.equal((await store.pendingIntents({ intendedBefore: start + 1, limit: 10 })).length, 1)
    })
  }

  it('the database crashes again and again under load → each record once, in one chain', async () => {
    const all = Array.from({ length: 600 }, (_, index) => `request-${index}`)
    let done = 0
    const writing = Promise.all(
      Array.from({ length: 6 }, async (_, writer) => {
        for (const request of all.slice(writer * 100, writer * 100 + 100)) {
          const [outcome] = await store.commit([{ at: start, parts: [audit(request)] }])
          assert.deepEqual(outcome, { done: true })
          done += 1
        }
      }),
    )
    for (const reached of [100, 250, 400]) {
      while (done < reached) await new Promise((resolve) => setTimeout(resolve, 2))
      await server.crash()
      await server.start()
    }
    await writing
    const records = await store.auditRecords({ afterNumber: 0, limit: 10_000 })
    assert.ok(verifyAuditChain(auditChainOrigin, records).intact)
    assert.deepEqual((await requestIds(store)).sort(), all.toSorted())
  })

  it('away for longer than the patience → store-unavailable, at once for the next, and well again after', async () => {
    const hurried = await openTestStore(url, { clock: hurriedClock(20) })
    try {
      await server.crash()
      const commit = () => hurried.commit([{ at: start, parts: [audit('late')] }])
      const unavailable = (error: unknown): boolean => {
        assert.ok(isMayflyError(error, 'store-unavailable'))
        assert.match(error.message, /cannot be reached or written: .*ECONNREFUSED/)
        return true
      }
      await assert.rejects(commit(), unavailable)
      await assert.rejects(hurried.identity({ name: 'web-1' }), unavailable)
      await server.start()
      assert.deepEqual(await commit(), [{ done: true }])
      assert.deepEqual(await requestIds(hurried), ['late'])
    } finally {
      await hurried.close()
    }
  })

  it('stopped (SIGSTOP) → who asks and who waits behind is told after ten seconds, later ones at once; then it goes on', async () => {
    const clock = new FakeClock()
    const store = await openTestStore(url, { clock })
    try {
      await write(store, 'before')
      await server.pause()
      const told: string[] = []
      const asking = [
        write(store, 'first'),
        store.identity({ name: 'web-1' }),
        store.claimDue(due),
        store.counts(start),
      ]
      const long = store.chains(start)
      await clock.untilSleeping(asking.length)
      asking.push(write(store, 'behind'))
      for (const one of asking) one.catch((error) => told.push(isSilence(error) ? 'silent' : String(error)))
      await clock.advance(9_999)
      assert.deepEqual(told, [])
      await clock.advance(1)
      assert.deepEqual(told, Array(asking.length).fill('silent'))
      await assert.rejects(write(store, 'late'), isSilence)
      await assert.rejects(store.counts(start), isSilence)
      await clock.advance(1_000)
      const look = store.identity({ name: 'web-1' })
      await assert.rejects(write(store, 'late'), isSilence)
      await server.resume()
      assert.equal(await look, undefined)
      assert.deepEqual(await long, [], 'what may take long is not cut short')
      // All at once: it is over for everyone, and not for one caller at a time.
      await Promise.all([write(store, 'after'), store.identity({ name: 'web-1' }), store.counts(start)])
      assert.deepEqual(
        (await requestIds(store)).filter((request) => request !== 'first'),
        ['before', 'after'],
      )
    } finally {
      await server.resume()
      await store.close()
    }
  })

  it('no answer to a COMMIT, and none at all for minutes → store-unavailable; it is there once, and a repetition is refused', async () => {
    const clock = new FakeClock()
    const silenced = await openTestStore(url.replace(`:${server.port}/`, `:${proxy.port}/`), { clock })
    try {
      await silenced.commit([{ at: start, parts: [{ do: 'add-identity', identity: newIdentity('web-1') }] }])
      const identity = found(await silenced.identity({ name: 'web-1' }))
      const change: Change = {
        at: start,
        parts: [audit('one'), { do: 'intend', intent: intent(identity, 1) }],
      }
      const before = proxy.severed
      proxy.sever('unanswered', 1)
      const asking = silenced.commit([change])
      const told = assert.rejects(asking, isSilence)
      await until(() => proxy.severed > before, 'the COMMIT')
      await clock.advance(10_000)
      await told
      for (let looks = 0; looks < 3; looks++) {
        await clock.advance(1_000)
        const look = assert.rejects(silenced.commit([change]), isSilence)
        await clock.untilSleeping()
        await clock.advance(10_000)
        await look
      }
      proxy.endSilence()
      await clock.advance(1_000)
      assert.deepEqual(await silenced.commit([change]), [{ done: false, refused: 'serial-taken' }])
      assert.deepEqual(await requestIds(silenced), ['one'])
      assert.equal((await silenced.pendingIntents({ intendedBefore: start + 1, limit: 10 })).length, 1)
    } finally {
      proxy.endSilence()
      await silenced.close()
    }
  })

  it('a member lets callers in and answers nothing → left after five seconds for the next, also by who has no limit', {
    timeout: 30_000,
  }, async (context) => {
    const clock = new FakeClock()
    const members = `127.0.0.1:${proxy.port},127.0.0.1:${server.port}`
    const before = proxy.severed
    proxy.sever('mute', 1)
    // The driver's own patience, of five seconds here, is counted by the timers of the process.
    context.mock.timers.enable({ apis: ['setTimeout'] })
    const opening = openTestStore(url.replace(`127.0.0.1:${server.port}`, members), { clock })
    while (proxy.severed === before) await nextTurn()
    await nextTurn()
    assert.equal(clock.sleepers, 0)
    context.mock.timers.tick(4_999)
    await nextTurn()
    assert.equal(clock.sleepers, 0, 'the next is asked too early')
    context.mock.timers.tick(1)
    await clock.untilSleeping()
    await clock.advance(1_000)
    const opened = await opening
    context.mock.timers.reset()
    assert.deepEqual(await opened.commit([{ at: start, parts: [audit('one')] }]), [{ done: true }])
    await opened.close()
  })

  it('sessions ended by an administrator → nobody notices', async () => {
    await store.commit([{ at: start, parts: [audit('one')] }])
    await server.ask(
      url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    )
    await store.commit([{ at: start, parts: [audit('two')] }])
    assert.deepEqual(await requestIds(store), ['one', 'two'])
  })

  it('stopped in the middle of a transaction → others go on soon, and it finds out and writes once', async () => {
    const other = await openTestStore(url)
    try {
      const before = proxy.severed
      proxy.sever('held', 1)
      const held = store.commit([{ at: start, parts: [audit('held')] }])
      while (proxy.severed === before) await new Promise((resolve) => setTimeout(resolve, 5))
      await other.commit([{ at: start, parts: [audit('other')] }])
      assert.deepEqual(await held, [{ done: true }])
      assert.deepEqual((await requestIds(store)).sort(), ['held', 'other'])
    } finally {
      await other.close()
    }
  })
})

const due = { until: start, limit: 1 }

async function write(store: Store, request: string): Promise<void> {
  assert.deepEqual(await store.commit([{ at: start, parts: [audit(request)] }]), [{ done: true }])
}

function isSilence(error: unknown): boolean {
  assert.ok(isMayflyError(error, 'store-unavailable'), String(error))
  assert.match(error.message, /has not answered for 10 s; look whether it is stopped/)
  return true
}
