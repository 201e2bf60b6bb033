import type { DatabaseSync } from 'node:sqlite'
import type { Instant } from '@mayfly/ca-core'
import type { ChangeOutcome, ChangeRefusal } from '../change.ts'
import { clockBehindSecondsMax } from '../store.ts'
import { addChange, type Totals } from '../totals.ts'
import { inTransaction } from './in-transaction.ts'
import type { Tables } from './open-tables.ts'
import type { Head } from './rows/head-row.ts'
import type { IntentRow, RowChange, RowPart } from './writing/row-change.ts'

/**
 * Applies changes in one transaction, each whole or not at all.
 *
 * Refusals are rare, and a savepoint for each change is a third of its cost. So all are tried without, and only
 * where one is refused is everything undone and done again with them.
 *
 * @throws what SQLite throws; then nothing of all the changes is done
 */
export function transact(
  database: DatabaseSync,
  tables: Tables,
  changes: Iterable<RowChange>,
): ChangeOutcome[] {
  const all = inTransaction(database, () => applyAll(tables, changes), wasRefused)
  return all ?? inTransaction(database, () => applyEach(database, tables, changes))
}

const wasRefused = (outcomes: ChangeOutcome[] | undefined): boolean => outcomes === undefined

/** What a transaction gathers on its way and writes once at its end. */
interface Run {
  /** As it was at the beginning. */
  readonly head: Head
  totals: Totals
  newest: Instant | undefined
  /** The texts of its records. */
  readonly audit: string[]
}

/** Applies all changes, or gives `undefined` in the midst of them where one is refused. */
function applyAll(tables: Tables, changes: Iterable<RowChange>): ChangeOutcome[] | undefined {
  const run = beginRun(tables)
  const outcomes: ChangeOutcome[] = []
  for (const change of changes) {
    if (applyParts(tables, run, change) !== undefined) return undefined
    outcomes.push(done)
  }
  endRun(tables, run)
  return outcomes
}

/** Applies those that are not refused. */
function applyEach(database: DatabaseSync, tables: Tables, changes: Iterable<RowChange>): ChangeOutcome[] {
  const run = beginRun(tables)
  const outcomes: ChangeOutcome[] = []
  for (const change of changes) {
    const { totals, newest, audit } = run
    const auditLength = audit.length
    database.exec('SAVEPOINT change')
    const refused = applyParts(tables, run, change)
    if (refused === undefined) {
      database.exec('RELEASE change')
      outcomes.push(done)
      continue
    }
    database.exec('ROLLBACK TO change; RELEASE change')
    forgetLooks(tables)
    Object.assign(run, { totals, newest })
    audit.length = auditLength
    outcomes.push({ done: false, refused })
  }
  endRun(tables, run)
  return outcomes
}

const done: ChangeOutcome = { done: true }

function beginRun(tables: Tables): Run {
  forgetLooks(tables)
  const head = tables.head.read()
  const { newest, identities, certificates, issued, burnt } = head
  return { head, newest, totals: { identities, certificates, issued, burnt }, audit: [] }
}

/** What was looked up may have changed since, or been undone. */
function forgetLooks({ issuances, taints }: Tables): void {
  issuances.forgetLooks()
  taints.forgetLooks()
}

function endRun(tables: Tables, { head, totals, newest, audit }: Run): void {
  tables.head.write({ ...totals, newest, audit: tables.audit.append(head.audit, audit) })
}

/** Applies the parts in their order, up to the first that is refused. */
function applyParts(tables: Tables, run: Run, change: RowChange): ChangeRefusal | undefined {
  const { at, parts } = change
  for (const part of parts) {
    const refused = applyPart(tables, at, run, part)
    if (refused !== undefined) return refused
  }
  run.totals = addChange(run.totals, change)
  run.newest = Math.max(run.newest ?? at, at)
  return undefined
}

function applyPart(
  { identities, issuances, tokens, nonces, notes, taints }: Tables,
  at: Instant,
  run: Run,
  part: RowPart,
): ChangeRefusal | undefined {
  switch (part.do) {
    case 'add-identity':
      return identities.add(part.identity) ? undefined : 'identity-taken'
    case 'move-identity':
      return identities.move(part) ? undefined : 'identity-moved'
    case 'add-token':
      tokens.add(part.token)
      return undefined
    case 'use-token':
      return tokens.use(part) ? undefined : 'token-taken'
    case 'revoke-token':
      return tokens.revoke(part) ? undefined : 'token-taken'
    case 'remember-nonce':
      return nonces.remember(part) ? undefined : 'nonce-seen'
    case 'intend':
      return isBehind(at, run.newest) ? 'clock-behind' : intend(issuances, part.intent)
    case 'record':
      return issuances.record(part)
    case 'burn':
      return issuances.burn(part.serial) ? undefined : 'intent-gone'
    case 'append-audit':
      run.audit.push(part.text)
      return undefined
    case 'set-note':
      notes.set(part)
      return undefined
    case 'taint':
    case 'require-untainted':
      return taints.apply(part)
    case 'accept-clock':
      run.newest = at
      return undefined
  }
}

function intend(issuances: Tables['issuances'], intent: IntentRow): ChangeRefusal | undefined {
  const result = issuances.intend(intent)
  return result === 'intended' ? undefined : result
}

function isBehind(at: Instant, newest: Instant | undefined): boolean {
  return newest !== undefined && newest - at > clockBehindSecondsMax * 1_000
}
