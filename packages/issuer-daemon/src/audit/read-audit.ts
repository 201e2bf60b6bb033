import {
  type Certificate,
  encodeCertificateChain,
  type FlattenedJws,
  isMayflyError,
  verifyAuditHead,
} from '@mayfly/ca-core'
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
  /** PEM of the authority of this host that signed it; absent where none of them did. */
  readonly signedBy?: string
}

export async function auditEnd(
  signed: FlattenedJws | undefined,
  ports: Pick<IssuerPorts, 'store' | 'authority' | 'authorities'>,
): Promise<AuditEndView> {
  const { number, hash } = await ports.store.auditEnd()
  const signedBy = signed && (await signerOf(signed, ports))
  return {
    number,
    hash: Buffer.from(hash).toString('hex'),
    ...(signed && { signed }),
    ...(signedBy !== undefined && { signedBy }),
  }
}

/** From the folder of the authority, and not from the store: whoever rewrites the history writes to that too. */
async function signerOf(
  signed: FlattenedJws,
  { authority, authorities }: Pick<IssuerPorts, 'authority' | 'authorities'>,
): Promise<string | undefined> {
  const shelved = (await authorities?.slots()) ?? []
  const candidates = [...currentOf(authority), ...shelved.map(({ certificate }) => certificate)]
  const signer = candidates.find((certificate) => verifyAuditHead(signed, certificate) !== undefined)
  return signer && encodeCertificateChain([signer])
}

function currentOf(authority: IssuerPorts['authority']): Certificate[] {
  try {
    return [authority().authority.certificate]
  } catch (error) {
    if (isMayflyError(error, 'authority-missing') || isMayflyError(error, 'authority-tainted')) return []
    throw error
  }
}
