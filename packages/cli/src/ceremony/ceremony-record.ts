import { type Certificate, formatInstant, type Instant, sha256Hex } from '@mayfly/ca-core'

/** What was done at the root, for those who ask later. Each record names the one before by its hash. */
export interface CeremonyRecord {
  readonly action: CeremonyAction
  /** RFC 3339. */
  readonly at: string
  /** SHA-256 of the record before, hex; absent from the first. */
  readonly previous?: string
  readonly root: CertificateNote
  /** The SHA-256 of the request file's DER and of its key. */
  readonly request?: { readonly sha256: string; readonly keySha256: string; readonly subject: string }
  readonly intermediate?: CertificateNote
  readonly bundle: BundleNote
}

export type CeremonyAction = 'root-created' | 'intermediate-signed' | 'bundle-signed'

export interface CertificateNote {
  readonly subject: string
  readonly serial: string
  readonly sha256: string
  readonly keySha256: string
  readonly keyType: string
  readonly notBefore: string
  readonly notAfter: string
  readonly pem: string
}

export interface BundleNote {
  readonly sequence: number
  readonly sha256: string
  readonly roots: readonly string[]
  readonly distrusted: readonly string[]
}

export function noteCertificate(certificate: Certificate): CertificateNote {
  return {
    subject: certificate.subject,
    serial: certificate.serial,
    sha256: certificate.fingerprint,
    keySha256: certificate.publicKey.hash,
    keyType: certificate.publicKey.type,
    notBefore: formatInstant(certificate.notBefore),
    notAfter: formatInstant(certificate.notAfter),
    pem: certificate.pem,
  }
}

export interface RecordEntry {
  /** Such as `0002-20260101T120000Z-intermediate-signed.json`; sorts in the order of the ceremonies. */
  readonly name: string
  readonly text: string
}

/** The next record of a folder that holds `before`. */
export function nextRecord(
  before: readonly RecordEntry[],
  content: Omit<CeremonyRecord, 'at' | 'previous'>,
  now: Instant,
): RecordEntry {
  const at = formatInstant(now)
  const last = before.at(-1)
  const { action, ...rest } = content
  const previous = last === undefined ? {} : { previous: hashRecord(last) }
  const record: CeremonyRecord = { action, at, ...previous, ...rest }
  const number = String(before.length + 1).padStart(4, '0')
  const stamp = at.replace(/[-:]|\.\d+/g, '')
  return { name: `${number}-${stamp}-${action}.json`, text: `${JSON.stringify(record, null, 2)}\n` }
}

/** The names of records that do not follow from the one before: something was changed or taken away. */
export function brokenRecords(records: readonly RecordEntry[]): string[] {
  return records.flatMap((record, index) => {
    const before = records[index - 1]
    const expected = before === undefined ? undefined : hashRecord(before)
    return readPrevious(record) === expected ? [] : [record.name]
  })
}

function hashRecord({ text }: RecordEntry): string {
  return sha256Hex(Buffer.from(text))
}

function readPrevious({ text }: RecordEntry): unknown {
  try {
    return (JSON.parse(text) as Partial<CeremonyRecord>).previous
  } catch {
    return 'unreadable'
  }
}
