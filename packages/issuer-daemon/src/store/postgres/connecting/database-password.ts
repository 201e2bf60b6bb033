import { join } from 'node:path'
import { MayflyError } from '@mayfly/ca-core'
import { readSecret } from '@mayfly/platform'
import type { OpenStorePorts } from '../../open-store-ports.ts'
import type { PostgresLocation } from '../../store-location.ts'
import { findInPassfile } from './passfile.ts'
import { describePostgres, type PostgresHost } from './postgres-url.ts'

/**
 * The password for one member of the cluster, read anew at each connection: from where the configuration says,
 * else from libpq's password file (PGPASSFILE, or `.pgpass` at home).
 *
 * @throws MayflyError `config-invalid` where there is none; `permission-denied` where others can read the file
 */
export async function databasePassword(
  { address, password }: PostgresLocation,
  host: PostgresHost,
  { fileSystem, environment }: Pick<OpenStorePorts, 'fileSystem' | 'environment'>,
): Promise<string> {
  const ports = { fileSystem, environment }
  if (password !== undefined) return toText(await readSecret(password, ports))
  const { HOME, PGPASSFILE = HOME === undefined ? undefined : join(HOME, '.pgpass') } = environment
  const found =
    PGPASSFILE !== undefined && (await fileSystem.status(PGPASSFILE)) !== undefined
      ? findInPassfile(toText(await readSecret({ file: PGPASSFILE }, ports)), { ...address, ...host })
      : undefined
  if (found !== undefined) return found
  throw new MayflyError(
    'config-invalid',
    `${describePostgres(address)} asks for a password and there is none: set database.password, or PGPASSFILE`,
  )
}

function toText(secret: Uint8Array): string {
  return Buffer.from(secret).toString('utf8')
}
