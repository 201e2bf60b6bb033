import type { CertificateRecord, IssuanceRecord, StoredChain } from '../issuance-record.ts'
import { blobToHex } from './blob.ts'
import type { Row } from './row.ts'

/** How `issuance.state` is written. */
export const stateCodes = { pending: 0, recorded: 1, burnt: 2 } as const
const stateNames = ['pending', 'recorded', 'burnt'] as const

/** A row of the table `issuance` as its record. */
export function toIssuance(row: Row): IssuanceRecord {
  return {
    serial: blobToHex(row.serial as Uint8Array),
    keyHash: blobToHex(row.key as Uint8Array),
    identityId: row.identity_id as number,
    lineage: row.lineage as number,
    generation: row.generation as number,
    parentGeneration: row.parent as number,
    state: stateNames[row.state as 0 | 1 | 2],
    intendedAt: row.intended_at as number,
    notAfter: row.not_after as number,
  }
}

/** A row of the table `chain`. */
export function toChain(row: Row): StoredChain {
  return { fingerprint: blobToHex(row.fingerprint as Uint8Array), pem: row.pem as string }
}

/** A row of `issuance` and `certificate` together, and the chain of the certificate. */
export function toCertificate(row: Row, chain: StoredChain): CertificateRecord {
  const issuance = toIssuance(row)
  return {
    serial: issuance.serial,
    der: row.der as Uint8Array,
    notBefore: row.not_before as number,
    notAfter: issuance.notAfter,
    renewAt: row.renew_at as number,
    chain,
    issuance,
  }
}
