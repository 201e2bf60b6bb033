import { MayflyError } from '@mayfly/ca-core'
import { begin, type Session } from './connecting/session.ts'
import { migrations, schemaName } from './schema.ts'

/** Any number that nobody else takes an advisory lock on in this database: "Mayf" in ASCII. */
const migrationLock = 0x4d617966

/** What all statements here need is there from this version on (`GENERATED`, `MATERIALIZED`, `sha256`). */
const serverVersionMin = 130_000

/**
 * Brings the database to the schema of this version, in one transaction. Of several issuers that start at once
 * one does it, and the others wait for it.
 *
 * @throws MayflyError `store-invalid` where the schema is somebody else's or a newer Mayfly's, or the server is
 * too old
 */
export async function migrate(session: Session, place: string): Promise<void> {
  await requireServer(session, place)
  await session.write(begin)
  // Held to the end of the transaction.
  await session.read('SELECT pg_advisory_xact_lock($1)', [migrationLock])
  const found = await findVersion(session, place)
  if (found > migrations.length) throw newer(place, found)
  for (const migration of migrations.slice(found)) await session.write(migration)
  if (found < migrations.length) {
    await session.write('UPDATE schema_version SET version = $1', [migrations.length])
  }
  await session.write('COMMIT')
}

/** Makes the schema where there is none, which is version 0. */
async function findVersion(session: Session, place: string): Promise<number> {
  const [{ has_schema: hasSchema, has_version: hasVersion, has_tables: hasTables } = {}] = await session.read(
    `SELECT to_regnamespace($1) IS NOT NULL AS has_schema,
       to_regclass($1 || '.schema_version') IS NOT NULL AS has_version,
       EXISTS (SELECT FROM pg_tables WHERE schemaname = $1) AS has_tables`,
    [schemaName],
  )
  if (hasVersion === true) {
    const [row] = await session.read('SELECT version FROM schema_version')
    return row?.version as number
  }
  if (hasTables === true) {
    throw new MayflyError('store-invalid', `the schema ${schemaName} of ${place} is of another program`, {
      details: { store: place },
    })
  }
  // Its user need not be allowed to make one, if somebody made it for him.
  if (hasSchema !== true) await session.write(`CREATE SCHEMA ${schemaName}`)
  await session.write('CREATE TABLE schema_version (version integer NOT NULL)')
  await session.write('INSERT INTO schema_version (version) VALUES (0)')
  return 0
}

async function requireServer(session: Session, place: string): Promise<void> {
  const [row] = await session.read(`SELECT current_setting('server_version_num')::integer AS version`)
  const version = row?.version as number
  if (version >= serverVersionMin) return
  const [needed, found] = [serverVersionMin, version].map((number) => Math.floor(number / 10_000))
  throw new MayflyError('store-invalid', `${place} is PostgreSQL ${found}; ${needed} or later is needed`, {
    details: { store: place },
  })
}

function newer(place: string, found: number): MayflyError {
  return new MayflyError(
    'store-invalid',
    `${place} was written by a newer Mayfly (schema ${found}, this one knows ${migrations.length}); ` +
      'start that version, or restore the backup made before it',
    { details: { store: place, found, known: migrations.length } },
  )
}
