import type { DatabaseSync } from 'node:sqlite'
import { AuditRows } from './audit-rows.ts'
import { HeadRow } from './head-row.ts'
import { IdentityRows } from './identity-rows.ts'
import { IssuanceRows } from './issuance-rows.ts'
import { NonceRows } from './nonce-rows.ts'
import { NoteRows } from './note-rows.ts'
import { TaintRows } from './taint-rows.ts'
import { TokenRows } from './token-rows.ts'

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
