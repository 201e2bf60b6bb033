import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { isMayflyError } from '@mayfly/ca-core'
import { systemClock, systemRandom } from '@mayfly/platform'
import { Client } from 'pg'
import { FakeClock } from '../../../../../test/fakes/fake-clock.ts'
import {
  audit,
  certificate,
  day,
  found,
  hash,
  intent,
  names,
  namesOf,
  newIdentity,
  serial,
  stagedKey,
  start,
} from '../../../../../test/suites/store/store-records.ts'
import { withoutPackages } from '../../../../../test/support/missing-programs.ts'
import { auditChainOrigin, verifyAuditChain } from '../../../src/audit/audit-chain.ts'
import { RecentRecords } from '../../../src/audit/recent-records.ts'
import { recover } from '../../../src/issuing/recover.ts'
import type { ChangePart } from '../../../src/store/change.ts'
import { readAuditPage } from '../../../src/store/postgres/audit.ts'
import { Database } from '../../../src/store/postgres/connecting/database.ts'
import { type PostgresAddress, readPostgresUrl } from '../../../src/store/postgres/connecting/postgres-url.ts'
import type { Session } from '../../../src/store/postgres/connecting/session.ts'
import type { Store } from '../../../src/store/store.ts'
import { type DatabaseServer, startDatabaseServer } from '../../support/database-server.ts'
import { openTestStore } from '../../support/postgres-store.ts'

describe('PostgreSQL store, shared', { skip: withoutPackages('postgresql') }, () => {
  let server: DatabaseServer
  let url: string
  const stores: Store[] = []
  before(async () => {
    server = await startDatabaseServer()
  })
  after(() => server?.remove())
  beforeEach(async () => {
    url = await server.createDatabase()
  })
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close()
  })

  it('opened by five at once, for the first time → one makes the schema, all are open', async () => {
    await openStores(5)
    for (const [index, store] of stores.entries()) {
      assert.deepEqual(await apply(store, { do: 'add-identity', identity: newIdentity(`web-${index}`) }), [
        'done',
      ])
    }
    assert.equal((await names(found(stores[0]))).length, 5)
  })

  it('two write at once → each guard holds in one of them only, and the audit is one chain', async () => {
    const [one, other] = await openTwo()
    await apply(one, { do: 'add-identity', identity: newIdentity('web-1') })
    const identity = found(await one.identity({ name: 'web-1' }))
    const races = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const number = index + 1
        const [sameSerial, sameKey] = [serial(number), hash(`key ${number}`)]
        return (
          await Promise.all([
            apply(one, audit(`one-${number}`), { do: 'intend', intent: intent(identity, number) }),
            apply(other, audit(`other-${number}`), {
              do: 'intend',
              intent: { ...intent(identity, number), serial: serial(1_000 + number), keyHash: sameKey },
            }),
            apply(other, {
              do: 'intend',
              intent: { ...intent(identity, number), serial: sameSerial, keyHash: hash(`own ${number}`) },
            }),
          ])
        ).flat()
      }),
    )
    for (const outcomes of races) {
      assert.ok(outcomes.includes('done'))
      assert.ok(outcomes.some((outcome) => outcome === 'key-taken' || outcome === 'serial-taken'))
    }
    const [counted] = await server.ask(
      url,
      'SELECT count(*)::int AS n, count(DISTINCT key)::int AS k FROM mayfly.issuance',
    )
    assert.equal(counted?.n, counted?.k)
    await assertOneChain(one)
  })

  it('moved by two on one version → one of them is refused', async () => {
    const [one, other] = await openTwo()
    await apply(one, { do: 'add-identity', identity: newIdentity('web-1') })
    const next = found(await one.identity({ name: 'web-1' }))
    const outcomes = await Promise.all(
      [one, other].map((store) => apply(store, { do: 'move-identity', next })),
    )
    assert.deepEqual(outcomes.flat().sort(), ['done', 'identity-moved'])
  })

  it('a database that is serializable by default → two write at once all the same', async () => {
    await server.ask(
      url,
      `ALTER DATABASE ${url.split('/').at(-1)} SET default_transaction_isolation = serializable`,
    )
    const [one, other] = await openTwo()
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        apply(index % 2 === 0 ? one : other, audit(`request-${index}`)),
      ),
    )
    assert.deepEqual(outcomes.flat(), Array(40).fill('done'))
    await assertOneChain(one)
  })

  it('a database that answers before it is on disk by default → not to the issuer', async () => {
    const name = url.split('/').at(-1)
    await openStores(1)
    await server.ask(url, 'CREATE TABLE told (setting text)')
    await server.ask(
      url,
      `CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN INSERT INTO public.told VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$`,
    )
    await server.ask(
      url,
      'CREATE TRIGGER tell AFTER INSERT ON mayfly.audit FOR EACH STATEMENT EXECUTE FUNCTION tell()',
    )
    for (const [set, used] of [
      ['off', 'on'],
      ['remote_apply', 'remote_apply'],
    ]) {
      await server.ask(url, `ALTER DATABASE ${name} SET synchronous_commit = ${set}`)
      const [store] = await openStores(1)
      assert.deepEqual(await apply(found(store), audit(`while ${set}`)), ['done'])
      assert.deepEqual(await server.ask(url, 'DELETE FROM told RETURNING setting'), [{ setting: used }])
    }
  })

  describe('claims', () => {
    it('one has it in hand → the other gets the rest', async () => {
      const [one, other] = await openTwo()
      await stageDue(one, ['a', 'b', 'c'])
      assert.deepEqual(namesOf(await one.claimDue({ until: start + 1, limit: 2 })), ['a', 'b'])
      assert.deepEqual(namesOf(await other.claimDue({ until: start + 1, limit: 3 })), ['c'])
      assert.deepEqual(
        namesOf(await one.claimDue({ until: start + 1, limit: 3 })),
        ['a', 'b'],
        'its own it gets again',
      )
    })

    it('one that another is writing just now → passed over at once, and found later', async () => {
      const [one] = await openTwo()
      await stageDue(one, ['a', 'b', 'c'])
      const writing = new Client({ connectionString: url })
      await writing.connect()
      try {
        await writing.query(`BEGIN; SELECT FROM mayfly.identity WHERE name = 'a' FOR UPDATE`)
        assert.deepEqual(namesOf(await one.claimDue({ until: start + 1, limit: 3 })), ['b', 'c'])
        await writing.query('ROLLBACK')
      } finally {
        await writing.end()
      }
      assert.deepEqual(namesOf(await one.claimDue({ until: start + 1, limit: 3 })), ['a', 'b', 'c'])
    })

    it('the lease is over → free for others', async () => {
      const [one, other] = await openTwo(1)
      await stageDue(one, ['a'])
      await one.claimDue({ until: start + 1, limit: 1 })
      const claimed = async () => namesOf(await other.claimDue({ until: start + 1, limit: 1 }))
      assert.deepEqual(await claimed(), [])
      while ((await claimed()).length === 0) await new Promise((resolve) => setTimeout(resolve, 50))
    })

    it('another key was staged, or the certificate recorded → no longer in hand', async () => {
      const [one, other] = await openTwo()
      await stageDue(one, ['a'])
      await one.claimDue({ until: start + 1, limit: 1 })
      const identity = found(await one.identity({ name: 'a' }))
      assert.ok(identity.staged)
      await apply(one, { do: 'move-identity', next: { ...identity, seen: { at: start, address: '::1' } } })
      assert.deepEqual(namesOf(await other.claimDue({ until: start + 1, limit: 1 })), [])
      const moved = found(await one.identity({ name: 'a' }))
      await apply(one, { do: 'move-identity', next: { ...moved, staged: stagedKey('new', start) } })
      assert.deepEqual(namesOf(await other.claimDue({ until: start + 1, limit: 1 })), ['a'])
    })

    it('many at once → nobody gets what another one has', async () => {
      const all = await openStores(4)
      const due = Array.from({ length: 200 }, (_, index) => `host-${index}`)
      await stageDue(found(all[0]), due)
      const claimed = await Promise.all(
        all.flatMap((store) =>
          Array.from({ length: 5 }, async () =>
            namesOf(await store.claimDue({ until: start + 1, limit: 10 })),
          ),
        ),
      )
      const byStore = all.map((_, index) => new Set(claimed.slice(index * 5, index * 5 + 5).flat()))
      const sum = byStore.reduce((count, names) => count + names.size, 0)
      assert.equal(new Set(byStore.flatMap((names) => [...names])).size, sum)
    })
  })

  it('an intent was given up by another → its certificate is not recorded, and the key gets one', async () => {
    const [paused, other] = await openTwo()
    await apply(paused, { do: 'add-identity', identity: newIdentity('web-1') })
    const identity = found(await paused.identity({ name: 'web-1' }))
    await apply(paused, { do: 'intend', intent: intent(identity, 1) })
    await apply(other, { do: 'burn', serial: serial(1) })
    const again = { ...intent(identity, 2), keyHash: hash('key 1') }
    assert.deepEqual(await apply(other, { do: 'intend', intent: again }), ['done'])
    assert.deepEqual(await apply(paused, { do: 'record', certificate: certificate(1), at: start }), [
      'intent-gone',
    ])
    assert.deepEqual(await apply(other, { do: 'record', certificate: certificate(2), at: start }), ['done'])
    assert.equal((await paused.certificate({ keyHash: hash('key 1') }))?.serial, serial(2))
  })

  it('the audit is packed by two at once → by one of them, and read whole meanwhile', async () => {
    const [one, other] = await openTwo()
    for (let round = 1; round <= 10; round++) {
      await apply(one, audit(`a-${round}`), audit(`b-${round}`))
      const [packed, packedToo, read] = await Promise.all([
        one.packAudit(start + day),
        other.packAudit(start + day),
        other.auditRecords({ afterNumber: 0, limit: 1_000 }),
      ])
      assert.equal(packed + packedToo, 2)
      assert.equal(read.length, 2 * round)
    }
    await assertOneChain(one)
  })

  it('a part of the audit is packed between two looks of who reads it → read as of one moment', async () => {
    const [store] = await openStores(1)
    await apply(found(store), audit('one'), audit('two'))
    const { address } = found(readPostgresUrl(url) as { address: PostgresAddress })
    const database = new Database({
      ...{ address, clock: systemClock, random: systemRandom },
      password: async () => assert.fail('a password was asked for'),
    })
    try {
      const page = await database.use(async (session) => {
        const read: Session['read'] = async (statement, values) => {
          const rows = await session.read(statement, values)
          if (rows.length === 0) assert.equal(await store?.packAudit(start + day), 2)
          return rows
        }
        return readAuditPage({ ...session, read }, { afterNumber: 0, limit: 10 }, new RecentRecords())
      })
      assert.deepEqual(
        page.map(({ number }) => number),
        [1, 2],
      )
    } finally {
      await database.close()
    }
  })

  it('one starts while another works → leaves what that has in hand, until the lease is over', async () => {
    const [one, other] = await openTwo()
    await apply(one, { do: 'add-identity', identity: newIdentity('web-1') })
    const identity = found(await one.identity({ name: 'web-1' }))
    await apply(one, { do: 'intend', intent: intent(identity, 1) })
    const clock = new FakeClock(start)
    const trace = { step: () => undefined }
    assert.deepEqual(await recover({ store: other, clock, trace }), [])
    await clock.advance(301_000)
    const burnt = await recover({ store: other, clock, trace })
    assert.deepEqual(
      burnt.map((record) => record.serial),
      [serial(1)],
    )
  })

  it('pruned by two at once → neither waits for the other for ever, and all of it goes', async () => {
    const [one, other] = await openTwo()
    const nonces = Array.from({ length: 300 }, (_, index): ChangePart[] => [
      { do: 'remember-nonce', nonce: hash(`nonce ${index}`).slice(0, 32), expiresAt: start },
    ])
    await one.commit(nonces.map((parts) => ({ at: start, parts })))
    const bounds = {
      expiredBefore: 0,
      recoverableBefore: 0,
      noncesBefore: start + 1,
      tokensBefore: 0,
      limit: 20,
    }
    const pruned = await Promise.all(
      Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? one : other).prune(bounds)),
    )
    const rest = await one.prune({ ...bounds, limit: 1_000 })
    assert.equal(
      pruned.reduce((sum, count) => sum + count, rest),
      300,
    )
  })

  describe('a schema that is not ours', () => {
    it('of a newer Mayfly → store-invalid, and untouched', async () => {
      await openStores(1)
      await server.ask(url, 'UPDATE mayfly.schema_version SET version = 99')
      await assert.rejects(openTestStore(url), (error) => {
        assert.ok(isMayflyError(error, 'store-invalid'))
        assert.match(error.message, /newer Mayfly \(schema 99/)
        return true
      })
    })

    it('of another program → store-invalid', async () => {
      await server.ask(url, 'CREATE SCHEMA mayfly')
      await server.ask(url, 'CREATE TABLE mayfly.insect (legs integer)')
      await assert.rejects(openTestStore(url), (error) => isMayflyError(error, 'store-invalid'))
    })
  })

  async function openStores(count: number, leaseSeconds = 300): Promise<Store[]> {
    const opened = await Promise.all(
      Array.from({ length: count }, () => openTestStore(url, { leaseSeconds })),
    )
    stores.push(...opened)
    return opened
  }

  async function openTwo(leaseSeconds?: number): Promise<[Store, Store]> {
    const [one, other] = await openStores(2, leaseSeconds)
    return [found(one), found(other)]
  }
})

async function apply(store: Store, ...parts: ChangePart[]): Promise<string[]> {
  const outcomes = await store.commit([{ at: start, parts }])
  return outcomes.map((outcome) => (outcome.done ? 'done' : outcome.refused))
}

async function stageDue(store: Store, due: readonly string[]): Promise<void> {
  await store.commit(
    due.map((name) => ({ at: start, parts: [{ do: 'add-identity', identity: newIdentity(name) }] })),
  )
  const identities = await store.identities({ limit: 10_000 })
  await store.commit(
    identities.map((identity) => ({
      at: start,
      parts: [{ do: 'move-identity', next: { ...identity, staged: stagedKey(identity.name, start) } }],
    })),
  )
}

async function assertOneChain(store: Store): Promise<void> {
  const records = await store.auditRecords({ afterNumber: 0, limit: 100_000 })
  assert.ok(verifyAuditChain(auditChainOrigin, records).intact)
}
