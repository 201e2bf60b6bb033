import { encodeCertificateChain, type FlattenedJws, isMayflyError, verifyAuditHead } from '@mayfly/ca-core'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'

/** Records in one answer. */
export const auditPageMax = 1_000

/** A record as the administration gives it out. */
export interface AuditRecordView {
  readonly number: number
  /** Hex. */
  readonly hash: string
  /** What was hashed: one line of JSON; empty for the anchor that pruning leaves. */
  readonly text: string
}

/** The records after a number, in their order. */
export async function readAudit(
  { afterNumber = 0, limit = auditPageMax }: { readonly afterNumber?: number; readonly limit?: number },
  { store }: Pick<IssuerPorts, 'store'>,
): Promise<readonly AuditRecordView[]> {
  const records = await store.auditRecords({ afterNumber, limit: Math.min(limit, auditPageMax) })
  return records.map(({ number, hash, text }) => ({ number, hash: Buffer.from(hash).toString('hex'), text }))
}

/** The end of the history, and the newest end that the authority has signed. */
export interface AuditEndView {
  readonly number: number
  readonly hash: string
  readonly signed?: FlattenedJws
  /** PEM of the current authority, where it is the one that signed. */
  readonly signedBy?: string
}

export async function auditEnd(
  signed: FlattenedJws | undefined,
  { store, authority }: Pick<IssuerPorts, 'store' | 'authority'>,
): Promise<AuditEndView> {
  const { number, hash } = await store.auditEnd()
  const signedBy = signed && signerOf(signed, authority)
  return {
    number,
    hash: Buffer.from(hash).toString('hex'),
    ...(signed && { signed }),
    ...(signedBy !== undefined && { signedBy }),
  }
}

function signerOf(signed: FlattenedJws, authority: IssuerPorts['authority']): string | undefined {
  try {
    const { certificate } = authority().authority
    return verifyAuditHead(signed, certificate) && encodeCertificateChain([certificate])
  } catch (error) {
    if (isMayflyError(error, 'authority-missing')) return undefined
    throw error
  }
}
