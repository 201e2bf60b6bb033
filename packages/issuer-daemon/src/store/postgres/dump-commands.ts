import type { PostgresLocation } from '../store-location.ts'
import type { PostgresAddress } from './connecting/postgres-url.ts'
import { schemaName } from './schema.ts'

/** The command that backs up the store, for a shell. It asks for the password, or takes it from libpq's password file. */
export function dumpCommand(location: PostgresLocation, out: string): string {
  return commandOf([
    'pg_dump',
    '--format=custom',
    `--schema=${schemaName}`,
    `--file=${out}`,
    `--dbname=${libpqUri(location)}`,
  ])
}

/** The command that puts such a backup in the place of the store, all of it or nothing. No issuer may be running. */
export function loadDumpCommand(location: PostgresLocation, backup: string): string {
  return commandOf([
    'pg_restore',
    '--clean',
    '--if-exists',
    '--single-transaction',
    `--dbname=${libpqUri(location)}`,
    backup,
  ])
}

/**
 * The command that takes every key off the stage of a store that was just restored: a key that waits in a backup may have
 * got its certificate since. Hosts whose keys have not ask again.
 */
export function unstageCommand(location: PostgresLocation): string {
  return commandOf([
    'psql',
    `--command=UPDATE ${schemaName}.identity SET mint_at = NULL`,
    `--dbname=${libpqUri(location)}`,
  ])
}

/** PostgreSQL, 34.1.1.2: every part is percent-encoded, a socket's folder in the place of the host too. */
function libpqUri({ address, ca }: PostgresLocation): string {
  const { hosts, user, database } = address
  const members = hosts.map(({ host, port }) => `${encodeHost(host)}:${port}`).join(',')
  const options = [...memberOptions(address), ...tlsOptions(ca)].join('&')
  const uri = `postgres://${encodeURIComponent(user)}@${members}/${encodeURIComponent(database)}`
  return options === '' ? uri : `${uri}?${options}`
}

function memberOptions({ hosts }: PostgresAddress): string[] {
  return hosts.length > 1 ? ['target_session_attrs=read-write'] : []
}

function tlsOptions(ca: string | undefined): string[] {
  return ca === undefined ? [] : ['sslmode=verify-full', `sslrootcert=${encodeURIComponent(ca)}`]
}

function encodeHost(host: string): string {
  return host.includes(':') ? `[${host}]` : encodeURIComponent(host)
}

function commandOf(words: readonly string[]): string {
  return words.map(quote).join(' ')
}

/** As a shell takes it: whatever it might act on is in single quotes. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
