import { hexToBlob } from '../columns/blob.ts'
import { toMovedColumns } from '../columns/identity-columns.ts'
import { stateCodes } from '../columns/issuance-columns.ts'
import type { ColumnValue } from '../columns/row.ts'
import type { IssuanceRecord, NewCertificate, StoredChain } from '../issuance-record.ts'
import type { TokenRecord } from '../token-record.ts'
import { bulkRows, bulkStatements } from './bulk-rows.ts'
import type { Session } from './connecting/session.ts'
import { changedEntries, type KnownRows } from './known-rows.ts'

type Columns = Record<string, ColumnValue>

/** Writes what differs, in the order that the references between the tables need. */
export async function writeRows(session: Session, before: KnownRows, after: KnownRows): Promise<void> {
  const write = (statement: keyof typeof bulkStatements, rows: readonly Columns[]): Promise<void> =>
    writeBulk(session, bulkStatements[statement], rows)

  await write('addIdentities', newIdentities(before, after))
  await write('moveIdentities', movedIdentities(before, after))
  await write('writeTokens', changedValues(before.tokens, after.tokens).map(tokenColumns))
  await write('rememberNonces', newNonces(before, after))

  const issuances = changedValues(before.issuances, after.issuances)
  const isKnown = ({ serial }: IssuanceRecord): boolean => before.issuances.has(serial)
  // What is burnt frees its key, for which there may be another intent.
  await write('settleIntents', issuances.filter(isKnown).map(issuanceColumns))
  await write('addIntents', issuances.filter((issuance) => !isKnown(issuance)).map(issuanceColumns))

  const certificates = changedValues(before.certificates, after.certificates)
  await writeChains(session, certificates)
  await write('addCertificates', certificates.map(certificateColumns))
  await writeNotes(session, changedEntries(before.notes, after.notes))
  const taints = changedEntries(before.taints, after.taints)
  await write(
    'addTaints',
    taints.map(([fingerprint, at]) => ({ fingerprint: hexToBlob(fingerprint), tainted_at: Math.floor(at) })),
  )
}

/**
 * One statement for all rows, each of which it must write.
 *
 * @throws TypeError where it wrote fewer: somebody else wrote while the head was locked
 */
export async function writeBulk(
  session: Session,
  statement: string,
  rows: readonly Columns[],
): Promise<void> {
  if (rows.length === 0) return
  const written = await session.write(statement, [bulkRows(rows)])
  if (written !== rows.length) throw new TypeError(`${written} of ${rows.length} rows were written`)
}

/** The same few for many certificates, and mostly known. */
async function writeChains(session: Session, certificates: readonly NewCertificate[]): Promise<void> {
  const chains = new Map<string, StoredChain>(certificates.map(({ chain }) => [chain.fingerprint, chain]))
  if (chains.size === 0) return
  const rows = [...chains.values()].map(({ fingerprint, pem }) => ({
    fingerprint: hexToBlob(fingerprint),
    pem,
  }))
  await session.write(bulkStatements.addChains, [bulkRows(rows)])
}

async function writeNotes(session: Session, notes: readonly [string, string | null][]): Promise<void> {
  const forgotten = notes.flatMap(([name, text]) => (text === null ? [name] : []))
  if (forgotten.length > 0) await session.write('DELETE FROM note WHERE name = ANY($1::text[])', [forgotten])
  const rows = notes.flatMap(([name, text]) => (text === null ? [] : [{ name, text }]))
  await writeBulk(session, bulkStatements.setNotes, rows)
}

function changedValues<Value>(
  before: ReadonlyMap<unknown, Value>,
  after: ReadonlyMap<unknown, Value>,
): Value[] {
  return changedEntries(before, after).map(([, value]) => value)
}

function newIdentities(before: KnownRows, after: KnownRows): Columns[] {
  return changedValues(before.names, after.names).flatMap((identity) => {
    if (identity === 'stored') return []
    const { name, profile, names, createdAt } = identity
    return [{ name, profile, names: JSON.stringify(names), created_at: createdAt }]
  })
}

function movedIdentities(before: KnownRows, after: KnownRows): Columns[] {
  return changedValues(before.identities, after.identities).map((identity) => ({
    id: identity.id,
    version: identity.version,
    ...toMovedColumns(identity),
  }))
}

function newNonces(before: KnownRows, after: KnownRows): Columns[] {
  return changedEntries(before.nonces, after.nonces).flatMap(([nonce, expiresAt]) =>
    expiresAt === 'stored' ? [] : [{ nonce: hexToBlob(nonce), expires_at: Math.ceil(expiresAt) }],
  )
}

function tokenColumns({ jti, identity, createdAt, expiresAt, revokedAt, use }: TokenRecord): Columns {
  return {
    jti,
    identity,
    created_at: createdAt,
    expires_at: expiresAt,
    revoked_at: revokedAt ?? null,
    used_at: use?.at ?? null,
    used_key: use === undefined ? null : hexToBlob(use.keyHash),
  }
}

function issuanceColumns(issuance: IssuanceRecord): Columns {
  return {
    serial: hexToBlob(issuance.serial),
    key: hexToBlob(issuance.keyHash),
    identity_id: issuance.identityId,
    lineage: issuance.lineage,
    generation: issuance.generation,
    parent: issuance.parentGeneration,
    state: stateCodes[issuance.state],
    intended_at: issuance.intendedAt,
    not_after: issuance.notAfter,
  }
}

function certificateColumns(certificate: NewCertificate): Columns {
  return {
    serial: hexToBlob(certificate.serial),
    der: certificate.der,
    not_before: certificate.notBefore,
    not_after: certificate.notAfter,
    renew_at: certificate.renewAt,
    chain_fingerprint: hexToBlob(certificate.chain.fingerprint),
  }
}
