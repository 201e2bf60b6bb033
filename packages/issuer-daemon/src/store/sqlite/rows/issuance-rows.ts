import type { DatabaseSync } from 'node:sqlite'
import { hexToBlob } from '../../columns/blob.ts'
import { toCertificate, toChain, toIssuance } from '../../columns/issuance-columns.ts'
import type { Row } from '../../columns/row.ts'
import type { CertificateRecord, IssuanceRecord, StoredChain } from '../../issuance-record.ts'
import { isConstraintViolation } from '../store-error.ts'
import type { IntentRow, RecordRowPart } from '../writing/row-change.ts'

const certificateColumns = `issuance.*, certificate.der, certificate.not_before,
  certificate.renew_at, certificate.chain_id`

const certificateTables = 'certificate JOIN issuance ON issuance.id = certificate.issuance_id'

// The part that the index holds; the words must be its own. A `+` keeps a condition from choosing another index.
const sameKeyPart = 'substr(issuance.key, 1, 16) = substr(?1, 1, 16) AND issuance.burnt IS NULL'

/** The tables `issuance`, `certificate` and `chain`. */
export class IssuanceRows {
  readonly #intend
  readonly #serialTaken
  readonly #keyTaken
  readonly #byKey
  readonly #pendingBySerial
  readonly #pending
  readonly #settle
  readonly #burn
  readonly #insertCertificate
  readonly #certificateByKey
  readonly #certificateBySerial
  readonly #chainId
  readonly #chainById
  readonly #insertChain
  readonly #becomeNewest
  readonly #suspendedAt
  readonly #beginLineage
  /** By fingerprint, as was seen in the transaction at hand. */
  readonly #chainIds = new Map<string, number>()
  /** By id, as they were committed: few, long, and never changed or removed. */
  readonly #chains = new Map<number, StoredChain>()

  constructor(database: DatabaseSync) {
    this.#intend = database.prepare(
      `INSERT INTO issuance (serial, key, identity_id, lineage, generation, parent, state, intended_at, not_after)
       VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)`,
    )
    this.#serialTaken = database.prepare('SELECT 1 FROM issuance WHERE serial = ?')
    this.#keyTaken = database.prepare(`SELECT 1 FROM issuance WHERE ${sameKeyPart}`)
    this.#byKey = database.prepare(`SELECT * FROM issuance WHERE ${sameKeyPart} AND key = ?1`)
    this.#pendingBySerial = database.prepare(
      'SELECT id, key, identity_id, lineage, generation, parent FROM issuance WHERE serial = ? AND +state = 0',
    )
    this.#pending = database.prepare(
      'SELECT * FROM issuance WHERE state = 0 AND intended_at < ? ORDER BY intended_at LIMIT +?',
    )
    this.#settle = database.prepare('UPDATE issuance SET state = 1 WHERE id = ?')
    this.#burn = database.prepare('UPDATE issuance SET state = 2, burnt = 1 WHERE serial = ? AND +state = 0')
    this.#insertCertificate = database.prepare(
      `INSERT INTO certificate (issuance_id, der, not_before, not_after, renew_at, chain_id)
       VALUES (?, ?, ?, ?, ?, ?)`,
    )
    this.#certificateByKey = database.prepare(
      `SELECT ${certificateColumns} FROM ${certificateTables}
       WHERE ${sameKeyPart} AND issuance.key = ?1 AND issuance.state = 1`,
    )
    this.#certificateBySerial = database.prepare(
      `SELECT ${certificateColumns} FROM ${certificateTables} 
       WHERE issuance.serial = ?`,
    )
    this.#chainId = database.prepare('SELECT id FROM chain WHERE fingerprint = ?')
    this.#chainById = database.prepare('SELECT fingerprint, pem FROM chain WHERE id = ?')
    this.#insertChain = database.prepare('INSERT INTO chain (fingerprint, pem) VALUES (?, ?)')
    this.#becomeNewest = database.prepare(
      `UPDATE identity SET version = version + 1, newest_serial = ?2, newest_serial_generation = ?3,
         newest_not_after = ?4,
         staged_spki = iif(staged_key = ?5, NULL, staged_spki),
         staged_parent = iif(staged_key = ?5, NULL, staged_parent),
         staged_at = iif(staged_key = ?5, NULL, staged_at),
         mint_at = iif(staged_key = ?5, NULL, mint_at),
         staged_key = nullif(staged_key, ?5),
         newest_generation = ifnull(?7, newest_generation),
         quota_day = ifnull(?8, quota_day), quota_count = ifnull(?9, quota_count)
       WHERE id = ?1 AND version = ifnull(?6, version) AND suspended_at IS NULL`,
    )
    this.#suspendedAt = database.prepare('SELECT suspended_at FROM identity WHERE id = ?')
    this.#beginLineage = database.prepare(
      `UPDATE identity SET lineage = :lineage, head_generation = :generation, head_since = :since,
         newest_generation = :generation, asked = NULL,
         staged_spki = NULL, staged_key = NULL, staged_parent = NULL, staged_at = NULL, mint_at = NULL
       WHERE id = :id AND coalesce(lineage, 0) < :lineage`,
    )
  }

  intend(intent: IntentRow): 'intended' | 'serial-taken' | 'key-taken' {
    const { serial, key } = intent
    try {
      this.#intend.run(
        serial,
        key,
        intent.identityId,
        intent.lineage,
        intent.generation,
        intent.parentGeneration,
        intent.intendedAt,
        intent.notAfter,
      )
      return 'intended'
    } catch (error) {
      if (!isConstraintViolation(error)) throw error
      if (this.#serialTaken.get(serial) !== undefined) return 'serial-taken'
      if (this.#keyTaken.get(key) !== undefined) return 'key-taken'
      throw error
    }
  }

  /** Why it is refused, if it is. */
  record(part: RecordRowPart): 'intent-gone' | 'identity-suspended' | 'identity-moved' | undefined {
    const { certificate } = part
    const row = this.#pendingBySerial.get(certificate.serial)
    if (row === undefined) return 'intent-gone'
    if (!this.#advanceIdentity(row, part)) {
      const identity = this.#suspendedAt.get(row.identity_id as number)
      return identity?.suspended_at === null ? 'identity-moved' : 'identity-suspended'
    }
    this.#settle.run(row.id as number)
    this.#insertCertificate.run(
      row.id as number,
      certificate.der,
      certificate.notBefore,
      certificate.notAfter,
      certificate.renewAt,
      this.#chain(certificate.chain),
    )
    return undefined
  }

  /** Whether the intent was still pending. */
  burn(serial: string): boolean {
    return this.#burn.run(hexToBlob(serial)).changes === 1
  }

  ofKey(keyHash: string): IssuanceRecord | undefined {
    const row = this.#byKey.get(hexToBlob(keyHash))
    return row === undefined ? undefined : toIssuance(row)
  }

  pending({ intendedBefore, limit }: { intendedBefore: number; limit: number }): IssuanceRecord[] {
    return this.#pending.all(intendedBefore, limit).map(toIssuance)
  }

  certificate(by: { readonly keyHash: string } | { readonly serial: string }): CertificateRecord | undefined {
    const row =
      'keyHash' in by
        ? this.#certificateByKey.get(hexToBlob(by.keyHash))
        : this.#certificateBySerial.get(hexToBlob(by.serial))
    return row === undefined ? undefined : toCertificate(row, this.#chainOf(row.chain_id as number))
  }

  /** To be told at the beginning of each transaction, and where a part of one is undone. */
  forgetLooks(): void {
    this.#chainIds.clear()
  }

  /** Of a certificate that is read outside of a transaction. */
  #chainOf(id: number): StoredChain {
    const known = this.#chains.get(id)
    if (known !== undefined) return known
    const row = this.#chainById.get(id)
    if (row === undefined) throw new TypeError(`there is no chain ${id}`)
    const chain = toChain(row)
    this.#chains.set(id, chain)
    return chain
  }

  #chain({ fingerprint, pem }: StoredChain): number {
    const known = this.#chainIds.get(fingerprint)
    if (known !== undefined) return known
    const blob = hexToBlob(fingerprint)
    const row = this.#chainId.get(blob)
    const id = Number(row === undefined ? this.#insertChain.run(blob, pem).lastInsertRowid : row.id)
    this.#chainIds.set(fingerprint, id)
    return id
  }

  /** Whether the identity is not suspended, and still where `begun` found it. */
  #advanceIdentity(row: Row, { certificate, at, begun }: RecordRowPart): boolean {
    const id = row.identity_id as number
    const generation = row.generation as number
    const { changes } = this.#becomeNewest.run(
      id,
      certificate.serial,
      generation,
      certificate.notAfter,
      row.key as Uint8Array,
      begun?.version ?? null,
      begun?.newestGeneration ?? null,
      begun?.quota.day ?? null,
      begun?.quota.count ?? null,
    )
    if (changes === 0) return false
    if (row.parent === 0)
      this.#beginLineage.run({ id, lineage: row.lineage as number, generation, since: at })
    return true
  }
}
