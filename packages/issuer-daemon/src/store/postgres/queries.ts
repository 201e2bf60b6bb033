import { auditChainOrigin } from '../../audit/audit-chain.ts'
import { RecentRecords } from '../../audit/recent-records.ts'
import { blobToHex, hexToBlob } from '../columns/blob.ts'
import { toIdentity } from '../columns/identity-columns.ts'
import { toCertificate, toChain, toIssuance } from '../columns/issuance-columns.ts'
import type { Row } from '../columns/row.ts'
import { toToken } from '../columns/token-columns.ts'
import type { CertificateRecord } from '../issuance-record.ts'
import type { Store } from '../store.ts'
import type { ChainUse, Taint } from '../taint.ts'
import { readAuditPage } from './audit.ts'
import type { Database, WorkOptions } from './connecting/database.ts'

type Queries = Pick<
  Store,
  | 'identity'
  | 'identities'
  | 'token'
  | 'tokens'
  | 'issuance'
  | 'certificate'
  | 'pendingIntents'
  | 'auditRecords'
  | 'auditEnd'
  | 'note'
  | 'newestInstant'
  | 'taints'
  | 'stagedUnderTaint'
  | 'chains'
>

const certificateSelect = `SELECT issuance.*, certificate.der, certificate.not_before,
    certificate.renew_at, chain.fingerprint, chain.pem
  FROM certificate JOIN issuance ON issuance.id = certificate.issuance_id
    JOIN chain ON chain.id = certificate.chain_id`

const underTaint = `SELECT identity.* FROM identity
    JOIN issuance ON issuance.serial = identity.newest_serial
    JOIN certificate ON certificate.issuance_id = issuance.id
    JOIN chain ON chain.id = certificate.chain_id
    JOIN taint ON taint.fingerprint = chain.fingerprint
  WHERE identity.id > $1 AND identity.id <= $2 AND identity.mint_at > $3 ORDER BY identity.id`

function toChainedCertificate(row: Row): CertificateRecord {
  return toCertificate(row, toChain(row))
}

const chainUses = `SELECT chain.fingerprint, chain.pem, coalesce(live.n, 0) AS live_leaves, live.last_not_after
  FROM chain LEFT JOIN (
    SELECT chain_id, count(*) AS n, max(not_after) AS last_not_after FROM certificate
    WHERE not_after > $1 GROUP BY chain_id) AS live ON live.chain_id = chain.id
  ORDER BY chain.id`

/** What is read, one statement each. */
export function queriesOn(database: Database): Queries {
  const recent = new RecentRecords()
  const all = (statement: string, values: readonly unknown[], options?: WorkOptions): Promise<Row[]> =>
    database.use((session) => session.read(statement, values), options)
  const one = async <Record>(
    statement: string,
    value: unknown,
    read: (row: Row) => Record,
  ): Promise<Record | undefined> => {
    const [row] = await all(statement, [value])
    return row === undefined ? undefined : read(row)
  }
  return {
    identity: (by) =>
      'id' in by
        ? one('SELECT * FROM identity WHERE id = $1', by.id, toIdentity)
        : one('SELECT * FROM identity WHERE name = $1', by.name, toIdentity),
    async identities({ afterName = '', limit, suspended = false }) {
      const which = suspended ? 'AND suspended_at IS NOT NULL' : ''
      const page = `SELECT * FROM identity WHERE name > $1 ${which} ORDER BY name LIMIT $2`
      return (await all(page, [afterName, limit])).map(toIdentity)
    },
    token: (jti) => one('SELECT * FROM token WHERE jti = $1', jti, toToken),
    async tokens({ before, limit }) {
      const page = `SELECT * FROM token WHERE (created_at, jti) < ($1, $2)
        ORDER BY created_at DESC, jti DESC LIMIT $3`
      const rows = await all(page, [before?.createdAt ?? Number.MAX_SAFE_INTEGER, before?.jti ?? '', limit])
      return rows.map(toToken)
    },
    issuance: (keyHash) =>
      one('SELECT * FROM issuance WHERE key = $1 AND state <> 2', hexToBlob(keyHash), toIssuance),
    certificate: (by) =>
      'keyHash' in by
        ? one(
            `${certificateSelect} WHERE issuance.key = $1 AND issuance.state <> 2 AND issuance.state = 1`,
            hexToBlob(by.keyHash),
            toChainedCertificate,
          )
        : one(`${certificateSelect} WHERE issuance.serial = $1`, hexToBlob(by.serial), toChainedCertificate),
    async pendingIntents({ intendedBefore, limit }) {
      const page = 'SELECT * FROM issuance WHERE state = 0 AND intended_at < $1 ORDER BY intended_at LIMIT $2'
      return (await all(page, [Math.ceil(intendedBefore), limit])).map(toIssuance)
    },
    auditRecords: (page) =>
      database.use((session) => readAuditPage(session, page, recent), { mayTakeLong: page.limit > 1 }),
    async auditEnd() {
      const [row] = await all('SELECT audit_number, audit_hash FROM head', [])
      if (row === undefined) return auditChainOrigin
      return { number: row.audit_number as number, hash: row.audit_hash as Uint8Array }
    },
    async newestInstant() {
      const [row] = await all('SELECT newest_instant FROM head', [])
      return (row?.newest_instant as number | null | undefined) ?? undefined
    },
    async taints() {
      return (await all('SELECT * FROM taint ORDER BY tainted_at, fingerprint', [])).map(toTaint)
    },
    async stagedUnderTaint({ dueAfter, afterId, limit }) {
      const last = afterId + limit
      const identities = (await all(underTaint, [afterId, last, Math.floor(dueAfter)])).map(toIdentity)
      const [row] = await all('SELECT coalesce(max(id), 0) AS id FROM identity', [])
      return { identities, ...(last < ((row?.id as number) ?? 0) && { nextAfterId: last }) }
    },
    async chains(now) {
      return (await all(chainUses, [Math.floor(now)], { mayTakeLong: true })).map(toChainUse)
    },
    note: (name) => one('SELECT text FROM note WHERE name = $1', name, ({ text }) => text as string),
  }
}

function toTaint(row: Row): Taint {
  return { fingerprint: blobToHex(row.fingerprint as Uint8Array), at: row.tainted_at as number }
}

function toChainUse(row: Row): ChainUse {
  return {
    fingerprint: blobToHex(row.fingerprint as Uint8Array),
    pem: row.pem as string,
    liveLeaves: row.live_leaves as number,
    ...(row.last_not_after !== null && { lastNotAfter: row.last_not_after as number }),
  }
}
