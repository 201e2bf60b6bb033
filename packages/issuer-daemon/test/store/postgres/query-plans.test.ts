import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Client } from 'pg'
import {
  audit,
  certificate,
  day,
  found,
  hash,
  intent,
  newIdentity,
  pruneNothing,
  serial,
  stagedKey,
  start,
} from '../../../../../test/suites/store/store-records.ts'
import { withoutPackages } from '../../../../../test/support/missing-programs.ts'
import type { IdentityRecord } from '../../../src/store/identity-record.ts'
import { schemaName } from '../../../src/store/postgres/schema.ts'
import type { Store } from '../../../src/store/store.ts'
import { type DatabaseServer, startDatabaseServer } from '../../support/database-server.ts'
import { openTestStore } from '../../support/postgres-store.ts'

/** Enough that to read all of a table costs more than any number of looks that a statement has reason for. */
const rows = 40_000

/** Tables of a row or a few, however large the fleet is and however long it runs; `pg_class` is of the engine itself. */
const smallTables: ReadonlySet<string> = new Set([
  'agent_count',
  'chain',
  'head',
  'note',
  'pg_class',
  'taint',
  'writer',
])

/** Indexes that may be read in their order: one holds what is pending and nothing else, of the other a row at the most is passed over. */
const shortIndexes: ReadonlySet<string> = new Set(['issuance_pending', 'audit_segment_pkey'])

/** Counts what lives, which is nearly all of the table: what has expired goes after a day. Asked for while an intermediate retires. */
const countsAll = (statement: string): boolean => /GROUP BY chain_id/.test(statement)

/** A database as it is after days: each identity with a certificate and a key that waits, one in a hundred suspended. */
const fill = `
  SET search_path TO ${schemaName};
  INSERT INTO identity (version, name, profile, names, created_at, lineages_begun, lineage, head_generation, head_since,
      newest_generation, staged_spki, staged_key, staged_parent, staged_at, mint_at, newest_serial,
      newest_serial_generation, newest_not_after, quota_day, quota_count, suspended_at, suspended_because, suspended_addresses)
    SELECT 1, 'host-' || n, 'server', '["dns:host.example"]', 0, 1, 1, 1, 0, 2, sha256(n::text::bytea),
      sha256(n::text::bytea), 1, 0, ${start} + n * 1000, decode(md5(n::text), 'hex'), 1 + n % 2, ${start + day}, 0, 0,
      CASE WHEN n % 100 = 0 THEN ${start} END, CASE WHEN n % 100 = 0 THEN 'operator' END,
      CASE WHEN n % 100 = 0 THEN '[]' END
    FROM generate_series(1, ${rows}) AS n;
  INSERT INTO issuance (serial, key, identity_id, lineage, generation, parent, state, intended_at, not_after)
    SELECT decode(md5(n::text), 'hex'), sha256(n::text::bytea), n, 1, 1, 0, 1, ${start}, ${start + day}
    FROM generate_series(1, ${rows}) AS n;
  INSERT INTO chain (fingerprint, pem) VALUES (sha256('chain'), 'PEM');
  INSERT INTO certificate (issuance_id, der, not_before, not_after, renew_at, chain_id)
    SELECT n, sha256(n::text::bytea), 0, ${start} + n, 0, 1 FROM generate_series(1, ${rows}) AS n;
  INSERT INTO token (jti, identity, created_at, expires_at, used_at, used_key)
    SELECT md5(n::text), 'host-' || n, n, n, n, sha256(n::text::bytea)
    FROM generate_series(1, ${rows}) AS n;
  INSERT INTO nonce SELECT decode(md5(n::text), 'hex'), n FROM generate_series(1, ${rows}) AS n;
  INSERT INTO audit SELECT n, sha256(n::text::bytea), 'text of a record' FROM generate_series(${rows + 1}, ${2 * rows}) AS n;
  INSERT INTO audit_segment SELECT n * 10, sha256(n::text::bytea), n, sha256('packed') FROM generate_series(1, ${rows / 10}) AS n;
`

/** Each way into the store once. */
const ways: Record<Exclude<keyof Store, 'shared' | 'leaseSeconds' | 'close'>, (store: Store) => unknown> = {
  commit: changeAll,
  identity: (store) => store.identity({ name: 'host-7' }),
  async identities(store) {
    await store.identities({ limit: 100, afterName: 'host-3' })
    await store.identities({ limit: 100, suspended: true })
  },
  token: (store) => store.token('token-1'),
  tokens: (store) => store.tokens({ limit: 100, before: { createdAt: 1_000, jti: '' } }),
  issuance: (store) => store.issuance(hash('7')),
  async certificate(store) {
    await store.certificate({ keyHash: hash('7') })
    await store.certificate({ serial: serial(7) })
  },
  pendingIntents: (store) => store.pendingIntents({ intendedBefore: start + day, limit: 100 }),
  claimDue: (store) => store.claimDue({ until: start + day, limit: 100 }),
  taints: (store) => store.taints(),
  stagedUnderTaint: (store) => store.stagedUnderTaint({ dueAfter: start, afterId: 500, limit: 100 }),
  chains: (store) => store.chains(start),
  async auditRecords(store) {
    await store.auditRecords({ afterNumber: 2 * rows - 1, limit: 1 })
    await store.auditRecords({ afterNumber: 2 * rows - 10, limit: 10 })
  },
  auditEnd: (store) => store.auditEnd(),
  note: (store) => store.note('alarm'),
  newestInstant: (store) => store.newestInstant(),
  counts: (store) => store.counts(start),
  fleet: (store) => store.fleet(start),
  sizeBytes: (store) => store.sizeBytes(),
  logBytes: (store) => store.logBytes(),
  packAudit: (store) => store.packAudit(0),
  prune: (store) => store.prune({ ...pruneNothing, auditBefore: 1 }),
}

/** Every part that a change can have. */
async function changeAll(store: Store): Promise<void> {
  const commit = (...parts: Parameters<Store['commit']>[0][number]['parts']) =>
    store.commit([{ at: start, parts }])
  await commit({ do: 'add-identity', identity: newIdentity('web-1') })
  const identity = async (): Promise<IdentityRecord> => found(await store.identity({ name: 'web-1' }))
  const token = { jti: 'token-1', identity: 'web-1', createdAt: start, expiresAt: start + day }
  await commit({ do: 'add-token', token }, { do: 'use-token', jti: 'token-1', keyHash: hash('k'), at: start })
  await commit({ do: 'revoke-token', jti: 'token-1', at: start })
  await commit({ do: 'move-identity', next: { ...(await identity()), staged: stagedKey('key', start) } })
  await commit({ do: 'remember-nonce', nonce: '00'.repeat(16), expiresAt: start + day }, audit('r-1'))
  const mine = await identity()
  const untainted = { do: 'require-untainted', fingerprint: hash('intermediate') } as const
  await commit(untainted, { do: 'intend', intent: intent(mine, 1) })
  await commit(untainted, { do: 'record', certificate: certificate(1), at: start })
  await commit({ do: 'intend', intent: intent(mine, 2) })
  await commit({ do: 'burn', serial: serial(2) })
  await commit({ do: 'set-note', name: 'alarm', text: 'told' })
  await commit({ do: 'set-note', name: 'alarm' })
  await commit({ do: 'taint', fingerprint: hash('other'), at: start }, { do: 'accept-clock' })
}

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly Filter?: string
  readonly Plans?: readonly PlanNode[]
}

interface Asked {
  readonly statement: string
  readonly values: readonly unknown[]
}

describe('statements of the PostgreSQL store', {
  skip: withoutPackages('postgresql'),
  timeout: 120_000,
}, () => {
  let server: DatabaseServer
  let url: string
  const asked = new Map<string, Asked>()

  before(async () => {
    server = await startDatabaseServer()
    url = await server.createDatabase()
    const store = await openTestStore(url)
    await server.ask(url, fill)
    await server.ask(url, 'VACUUM ANALYZE')
    const { query } = Client.prototype
    Client.prototype.query = function recording(this: Client, ...given: unknown[]) {
      const [statement, values = []] = given as [string, unknown[]?]
      asked.set(statement, { statement, values })
      return query.apply(this, given as Parameters<typeof query>)
    } as typeof query
    try {
      for (const use of Object.values(ways)) await use(store)
    } finally {
      Client.prototype.query = query
      await store.close()
    }
  })
  after(() => server?.remove())

  async function slowSteps({ statement, values }: Asked): Promise<string[]> {
    const client = new Client({ connectionString: url, options: `-c search_path=${schemaName}` })
    await client.connect()
    try {
      const { rows: answer } = await client.query(`EXPLAIN (FORMAT JSON) ${statement}`, [...values])
      return stepsOf(answer[0]['QUERY PLAN'][0].Plan).filter(isSlow).map(describeStep)
    } finally {
      await client.end()
    }
  }

  it('look up by index only: none reads a table that grows', async () => {
    const queries = [...asked.values()].filter(({ statement }) =>
      /^\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH)/.test(statement),
    )
    assert.ok(queries.length > 40, `${queries.length} statements were seen`)
    const slow: string[] = []
    for (const one of queries) {
      if (countsAll(one.statement)) continue
      for (const step of await slowSteps(one)) slow.push(`${step}: ${one.statement}`)
    }
    assert.deepEqual(slow, [])
  })

  it('a statement without an index is found out', async () => {
    for (const statement of [
      'SELECT * FROM identity WHERE seen_at < 5',
      'SELECT * FROM identity ORDER BY quota_count LIMIT 5',
      'SELECT * FROM issuance WHERE key = $1',
      'DELETE FROM audit_segment WHERE last_at = 3',
    ]) {
      const values = statement.includes('$1') ? [Buffer.alloc(32)] : []
      assert.notDeepEqual(await slowSteps({ statement, values }), [], statement)
    }
  })
})

function stepsOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(stepsOf)]
}

/** PostgreSQL, 14.1: a `Seq Scan` visits every row, and so does an index without a condition whose rows are then filtered. */
function isSlow(step: PlanNode): boolean {
  const table = step['Relation Name']
  if (table === undefined || smallTables.has(table)) return false
  if (step['Node Type'] === 'Seq Scan') return true
  const readsAll = step['Index Cond'] === undefined && step.Filter !== undefined
  return readsAll && step['Index Name'] !== undefined && !shortIndexes.has(step['Index Name'])
}

function describeStep(step: PlanNode): string {
  return `${step['Node Type']} on ${step['Relation Name']}, ${step['Index Name'] ?? 'no index'}`
}
