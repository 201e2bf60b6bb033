import { createECDH, createHash, hash } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { dayMs, drawSerial, generateKeyPair, hourMs, type Instant } from '@mayfly/ca-core'
import { systemRandom } from '@mayfly/platform'
import type { IssuingAuthority } from '../../../packages/issuer-daemon/src/issuing/intermediates/issuing-authority.ts'
import type { ChangePart } from '../../../packages/issuer-daemon/src/store/change.ts'
import { openSqliteStore } from '../../../packages/issuer-daemon/src/store/sqlite/open-sqlite-store.ts'
import type { Store } from '../../../packages/issuer-daemon/src/store/store.ts'

export interface FillOptions {
  readonly path: string
  readonly count: number
  readonly now: Instant
  /** Keys are due at random times from `now` to so much later. */
  readonly dueWithinMs: number
  readonly authority: IssuingAuthority
}

/**
 * A store with identities that each hold a certificate and have a key of their own staged, as after some hours of
 * work. Half a minute for a million: one identity goes the way through the store's port, and its rows are written
 * again and again into the file, with what has to differ. Only benches do that.
 */
export async function fillStore(options: FillOptions): Promise<void> {
  const { path } = options
  const store = await openSqliteStore({ path })
  await addSpecimen(store, options)
  await store.close()
  const database = new DatabaseSync(path)
  database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -200000')
  try {
    multiply(database, options)
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } finally {
    database.close()
  }
}

/** One identity with a certificate and a staged key, made by the store itself. */
async function addSpecimen(store: Store, { now, authority }: FillOptions): Promise<void> {
  const at = now - 11 * hourMs
  const name = nameOf(1)
  await apply(store, at, {
    do: 'add-identity',
    identity: { name, profile: 'server', names: [`dns:${name}.example`], createdAt: at - dayMs },
  })
  const identity = await store.identity({ name })
  if (identity === undefined) throw new Error('the specimen is missing')
  const { publicKey } = await generateKeyPair('ec-p256')
  const { plan, issue } = authority.profiles.server
  const leaf = await issue(
    plan({
      identity: { name, names: [{ type: 'dns', value: `${name}.example` }] },
      publicKey,
      serial: drawSerial(systemRandom, at),
      now: at,
      lifetimeSeconds: 86_400,
    }),
  )
  const place = { lineage: 1, generation: 1, parentGeneration: 0 }
  const issuance = { identityId: identity.id, keyHash: publicKey.hash, intendedAt: at, ...place }
  const certificate = { ...leaf, renewAt: at + 10 * hourMs, chain: authority.chain }
  const report = { version: '0.1.0', bundleSequence: 1, generation: 1, servedSerials: [leaf.serial] }
  await apply(store, at, {
    do: 'intend',
    intent: { ...issuance, serial: leaf.serial, notAfter: leaf.notAfter },
  })
  await apply(store, at, { do: 'record', certificate, at })
  const enrolled = await store.identity({ name })
  if (enrolled === undefined) throw new Error('the specimen is missing')
  const next = {
    ...enrolled,
    lineagesBegun: 1,
    seen: { at, address: '192.0.2.1', report: { ...report, clockOffsetSeconds: 0 } },
    staged: { ...newKey(), parentGeneration: 1, stagedAt: at, mintAt: now },
  }
  await apply(store, at, { do: 'move-identity', next })
}

async function apply(store: Store, at: Instant, part: ChangePart): Promise<void> {
  const [outcome] = await store.commit([{ at, parts: [part] }])
  if (outcome?.done !== true) throw new Error(`the store refused: ${JSON.stringify(outcome)}`)
}

function multiply(database: DatabaseSync, { count, now, dueWithinMs }: FillOptions): void {
  const indexes = database
    .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    .all()
  // An index that is made of all rows at once is made in a tenth of the time.
  for (const { name } of indexes) database.exec(`DROP INDEX ${name}`)
  database.exec('BEGIN')
  const identity = database.prepare(
    copyOf(database, 'identity', {
      id: ':id',
      name: ':name',
      names: ':names',
      staged_spki: ':spki',
      staged_key: ':key',
      mint_at: ':mintAt',
      newest_serial: ':serial',
    }),
  )
  for (let id = 2; id <= count; id++) {
    const { spki, keyHash } = newKey()
    const name = nameOf(id)
    // As if all had been enrolled one after the other, in the hours before.
    const issuedAt = now - 11 * hourMs + Math.floor((id / count) * hourMs)
    identity.run({
      id,
      name,
      names: JSON.stringify([`dns:${name}.example`]),
      spki,
      key: Buffer.from(keyHash, 'hex'),
      mintAt: now + Math.floor((spread(id) * dueWithinMs) / 2 ** 32),
      serial: Buffer.from(drawSerial(systemRandom, issuedAt), 'hex'),
    })
  }
  const forEach = 'identity AS other WHERE other.id > 1 AND source.rowid = 1 ORDER BY other.id'
  database.exec(
    copyOf(
      database,
      'issuance',
      { id: 'other.id', serial: 'other.newest_serial', key: 'randomblob(32)', identity_id: 'other.id' },
      forEach,
    ),
  )
  database.exec(copyOf(database, 'certificate', { issuance_id: 'other.id' }, forEach))
  database.exec(`UPDATE head SET identities = ${count}, certificates = ${count}, issued = ${count};
    UPDATE agent_count SET agents = ${count}; COMMIT`)
  for (const { sql } of indexes) database.exec(String(sql))
}

/** Writes the first row of a table again, but for the columns given; whatever other columns there are stay. */
function copyOf(
  database: DatabaseSync,
  table: string,
  other: Readonly<Record<string, string>>,
  forEach?: string,
): string {
  const columns = database
    .prepare(`PRAGMA table_info(${table})`)
    .all()
    .map(({ name }) => String(name))
  const unknown = Object.keys(other).filter((column) => !columns.includes(column))
  if (unknown.length > 0) throw new Error(`the table ${table} has no ${unknown.join()}`)
  const values = columns.map((column) => other[column] ?? `source.${column}`)
  const from = forEach === undefined ? 'WHERE source.rowid = 1' : `, ${forEach}`
  return `INSERT INTO ${table} (${columns.join()}) SELECT ${values.join()} FROM ${table} AS source ${from}`
}

const p256SpkiStart = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex')
const curve = createECDH('prime256v1')

/** A real key each, whose private half nobody keeps. */
function newKey(): { spki: Uint8Array; keyHash: string } {
  const spki = new Uint8Array(Buffer.concat([p256SpkiStart, curve.generateKeys()]))
  return { spki, keyHash: hash('sha256', spki, 'hex') }
}

/** The same for the same identity, and like random: from 0 to 2^32. */
function spread(id: number): number {
  return createHash('sha256').update(`${id}`).digest().readUInt32BE()
}

function nameOf(id: number): string {
  return `host-${String(id).padStart(7, '0')}`
}
