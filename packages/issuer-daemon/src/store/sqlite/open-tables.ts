import type { DatabaseSync } from 'node:sqlite'
import { AuditRows } from './rows/audit-rows.ts'
import { HeadRow } from './rows/head-row.ts'
import { IdentityRows } from './rows/identity-rows.ts'
import { IssuanceRows } from './rows/issuance-rows.ts'
import { NonceRows } from './rows/nonce-rows.ts'
import { NoteRows } from './rows/note-rows.ts'
import { TaintRows } from './rows/taint-rows.ts'
import { TokenRows } from './rows/token-rows.ts'

/** What a transaction writes to. Each connection has its own, with its own prepared statements. */
export interface Tables {
  readonly identities: IdentityRows
  readonly issuances: IssuanceRows
  readonly tokens: TokenRows
  readonly nonces: NonceRows
  readonly notes: NoteRows
  readonly taints: TaintRows
  readonly audit: AuditRows
  readonly head: HeadRow
}

export function openTables(database: DatabaseSync): Tables {
  return {
    identities: new IdentityRows(database),
    issuances: new IssuanceRows(database),
    tokens: new TokenRows(database),
    nonces: new NonceRows(database),
    notes: new NoteRows(database),
    taints: new TaintRows(database),
    audit: new AuditRows(database),
    head: new HeadRow(database),
  }
}
