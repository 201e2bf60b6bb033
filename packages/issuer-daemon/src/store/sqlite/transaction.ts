import type { DatabaseSync } from 'node:sqlite'
import type { Instant } from '@mayfly/ca-core'
import type { AuditRecord } from '../../audit/audit-record.ts'
import type { Change, ChangeOutcome, ChangePart, ChangeRefusal } from '../change.ts'
import { clockBehindSecondsMax } from '../store.ts'
import { addChange } from '../totals.ts'
import type { AuditRows } from './audit-rows.ts'
import type { Head, HeadRow } from './head-row.ts'
import type { IdentityRows } from './identity-rows.ts'
import type { IssuanceRows } from './issuance-rows.ts'
import type { NonceRows } from './nonce-rows.ts'
import type { NoteRows } from './note-rows.ts'
import type { TokenRows } from './token-rows.ts'

export interface Tables {
  readonly identities: IdentityRows
  readonly issuances: IssuanceRows
  readonly tokens: TokenRows
  readonly nonces: NonceRows
  readonly notes: NoteRows
  readonly audit: AuditRows
  readonly head: HeadRow
}

/**
 * Applies changes in one transaction, each whole or not at all.
 *
 * @throws what SQLite throws; then nothing of all the changes is done
 */
export function transact(
  database: DatabaseSync,
  tables: Tables,
  changes: readonly Change[],
): ChangeOutcome[] {
  database.exec('BEGIN IMMEDIATE')
  try {
    const run: Run = { head: tables.head.read(), audit: [] }
    const headBefore = run.head
    const outcomes = changes.map((change) => applyChange(database, tables, run, change))
    const audit = tables.audit.append(run.head.audit, run.audit)
    if (run.head !== headBefore) tables.head.write({ ...run.head, audit })
    database.exec('COMMIT')
    return outcomes
  } catch (error) {
    // After some errors, such as a full disk, SQLite has rolled back by itself.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** What a transaction gathers on its way and writes once at its end. */
interface Run {
  head: Head
  audit: AuditRecord[]
}

function applyChange(database: DatabaseSync, tables: Tables, run: Run, change: Change): ChangeOutcome {
  database.exec('SAVEPOINT change')
  const audit: AuditRecord[] = []
  const { head } = run
  for (const part of change.parts) {
    const refused = applyPart(tables, { at: change.at, run, audit }, part)
    if (refused !== undefined) {
      database.exec('ROLLBACK TO change; RELEASE change')
      run.head = head
      return { done: false, refused }
    }
  }
  database.exec('RELEASE change')
  run.audit.push(...audit)
  run.head = {
    ...run.head,
    ...addChange(run.head, change),
    newest: Math.max(run.head.newest ?? change.at, change.at),
  }
  return { done: true }
}

interface Surroundings {
  readonly at: Instant
  readonly run: Run
  readonly audit: AuditRecord[]
}

function applyPart(
  { identities, issuances, tokens, nonces, notes }: Tables,
  { at, run, audit }: Surroundings,
  part: ChangePart,
): ChangeRefusal | undefined {
  switch (part.do) {
    case 'add-identity':
      return identities.add(part.identity) ? undefined : 'identity-taken'
    case 'move-identity':
      return identities.move(part.next) ? undefined : 'identity-moved'
    case 'add-token':
      tokens.add(part.token)
      return undefined
    case 'use-token':
      return tokens.use(part) ? undefined : 'token-taken'
    case 'revoke-token':
      return tokens.revoke(part) ? undefined : 'token-taken'
    case 'remember-nonce':
      return nonces.remember(part) ? undefined : 'nonce-seen'
    case 'intend': {
      if (isBehind(at, run.head.newest)) return 'clock-behind'
      const result = issuances.intend(part.intent)
      return result === 'intended' ? undefined : result
    }
    case 'record':
      return issuances.record(part) ? undefined : 'intent-gone'
    case 'burn':
      return issuances.burn(part.serial) ? undefined : 'intent-gone'
    case 'append-audit':
      audit.push(part.record)
      return undefined
    case 'set-note':
      notes.set(part)
      return undefined
    case 'accept-clock':
      run.head = { ...run.head, newest: at }
      return undefined
  }
}

function isBehind(at: Instant, newest: Instant | undefined): boolean {
  return newest !== undefined && newest - at > clockBehindSecondsMax * 1_000
}
