import { movedColumns } from '../columns/identity-columns.ts'
import type { ColumnValue } from '../columns/row.ts'

/** Rows as the one parameter of a statement, for `json_populate_recordset`: a batch costs one round trip. */
export function bulkRows(rows: readonly Readonly<Record<string, ColumnValue>>[]): string {
  return JSON.stringify(rows.map((row) => Object.fromEntries(Object.entries(row).map(toJson))))
}

/** The statements of a transaction, each for any number of rows. */
export const bulkStatements = {
  addIdentities: `
    INSERT INTO identity (version, name, profile, names, created_at, lineages_begun, quota_day, quota_count)
    SELECT 1, name, profile, names, created_at, 0, 0, 0 FROM json_populate_recordset(NULL::identity, $1)`,

  // A claim is for the key that was staged; another one, or none, is free again.
  moveIdentities: `
    UPDATE identity SET version = next.version,
      ${movedColumns.map((column) => `${column} = next.${column}`).join(', ')},
      claimed_by = CASE WHEN identity.staged_key = next.staged_key THEN identity.claimed_by END,
      claimed_until = CASE WHEN identity.staged_key = next.staged_key THEN identity.claimed_until END
    FROM json_populate_recordset(NULL::identity, $1) AS next
    WHERE identity.id = next.id AND identity.version < next.version`,

  writeTokens: `
    INSERT INTO token SELECT * FROM json_populate_recordset(NULL::token, $1)
    ON CONFLICT (jti) DO UPDATE
      SET revoked_at = excluded.revoked_at, used_at = excluded.used_at, used_key = excluded.used_key`,

  rememberNonces: 'INSERT INTO nonce SELECT * FROM json_populate_recordset(NULL::nonce, $1)',

  addIntents: `
    INSERT INTO issuance (serial, key, identity_id, lineage, generation, parent, state, intended_at, not_after)
    SELECT serial, key, identity_id, lineage, generation, parent, state, intended_at, not_after
    FROM json_populate_recordset(NULL::issuance, $1)`,

  settleIntents: `
    UPDATE issuance SET state = next.state FROM json_populate_recordset(NULL::issuance, $1) AS next
    WHERE issuance.serial = next.serial AND issuance.state = 0`,

  addChains: `
    INSERT INTO chain (fingerprint, pem) SELECT fingerprint, pem FROM json_populate_recordset(NULL::chain, $1)
    ON CONFLICT (fingerprint) DO NOTHING`,

  addCertificates: `
    INSERT INTO certificate (issuance_id, der, not_before, not_after, renew_at, chain_id)
    SELECT issuance.id, next.der, next.not_before, next.not_after, next.renew_at, chain.id
    FROM json_to_recordset($1) AS next (serial bytea, der bytea, not_before bigint,
        not_after bigint, renew_at bigint, chain_fingerprint bytea)
      JOIN issuance ON issuance.serial = next.serial
      JOIN chain ON chain.fingerprint = next.chain_fingerprint`,

  setNotes: `
    INSERT INTO note SELECT * FROM json_populate_recordset(NULL::note, $1)
    ON CONFLICT (name) DO UPDATE SET text = excluded.text`,

  addTaints: 'INSERT INTO taint SELECT * FROM json_populate_recordset(NULL::taint, $1)',

  appendAudit: 'INSERT INTO audit SELECT * FROM json_populate_recordset(NULL::audit, $1)',
} as const

/** A bytea is written in hexadecimal (PostgreSQL 8.4.1). */
function toJson([column, value]: [string, ColumnValue]): [string, unknown] {
  return [column, value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : value]
}
