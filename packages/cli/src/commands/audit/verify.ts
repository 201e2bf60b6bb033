import {
  type AuditHead,
  addSeconds,
  dayMs,
  type FlattenedJws,
  formatInstant,
  MayflyError,
  parseCertificate,
  readAuditHead,
  secondMs,
  verifyAuditHead,
} from '@mayfly/ca-core'
import {
  type AuditEndView,
  type AuditLink,
  auditChainOrigin,
  auditRetentionSecondsMin,
  verifyAuditChain,
} from '@mayfly/issuer-daemon'
import { readText } from '../../ceremony/root-folder.ts'
import type { JsonOf } from '../../json/json-fields.ts'
import { type Answer, columns, heading } from '../../terminal/answer.ts'
import { type AdminOptions, openAdmin } from '../admin.ts'
import type { Session } from '../session.ts'
import type { auditVerifyJson } from './audit-json.ts'
import { readRecords } from './read-records.ts'

export interface AuditVerifyOptions extends AdminOptions {
  readonly head?: string
  readonly json?: boolean
}

/** `mayfly audit verify` */
export async function auditVerify(
  options: AuditVerifyOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof auditVerifyJson>>> {
  const admin = await openAdmin(options, session)
  // First the end, then the records: those that come meanwhile are behind it.
  const end = await admin.auditEnd()
  const kept = options.head === undefined ? undefined : await readHeadFile(options.head, session)
  const wanted = [end.signed, kept].flatMap((jws) => (jws === undefined ? [] : [headOf(jws)]))
  const hashes = new Map<number, string>()
  let first: number | undefined
  let last: AuditLink = auditChainOrigin
  for await (const { number, hash, text } of readRecords(admin, 0)) {
    const link = { number, hash: Buffer.from(hash, 'hex') }
    // What pruning leaves of the records before: it has no text, and is where the chain begins.
    if (first === undefined && text === '') last = link
    else last = requireLink(last, { ...link, text })
    first ??= number
    if (wanted.some((head) => head.number === number)) hashes.set(number, hash)
  }
  if (last.number < end.number)
    throw broken(`The history ends at ${last.number}; it had ${end.number} records.`)
  requireSigned(end)
  for (const head of wanted) requireHead(head, { hashes, first: first ?? 1, now: session.clock.now() })
  return describe(first ?? 0, last, end)
}

function requireLink(last: AuditLink, record: AuditLink & { readonly text: string }): AuditLink {
  const verdict = verifyAuditChain(last, [record])
  if (verdict.intact) return verdict.last
  const what = verdict.because === 'number' ? 'is missing or out of its order' : 'was changed'
  throw broken(`Record ${verdict.brokenAt} of the audit ${what}.`)
}

/** Whoever rewrites the store writes a signed end into it, too; but not with the authority's key. */
function requireSigned({ signed, signedBy }: AuditEndView): void {
  if (signed === undefined) return
  const isSigned = signedBy !== undefined && verifyAuditHead(signed, parseCertificate(signedBy)) !== undefined
  if (!isSigned) throw broken('The signed end of the audit is signed by no authority of this issuer.')
}

function requireHead(
  { number, hash, at }: AuditHead,
  {
    hashes,
    first,
    now,
  }: { readonly hashes: ReadonlyMap<number, string>; readonly first: number; readonly now: number },
): void {
  if (hashes.get(number) === hash) return
  // What is pruned is at least that old, and its end was signed within a day.
  if (number < first && at < addSeconds(now, dayMs / secondMs - auditRetentionSecondsMin)) return
  const what = hashes.has(number) ? 'says something else' : 'is not there'
  throw broken(`The authority signed that the audit goes up to record ${number}, and that record ${what}.`)
}

function headOf(jws: FlattenedJws): AuditHead {
  const read = readAuditHead(jws)
  if (read === undefined) throw new MayflyError('usage', 'This is no signed end of a history.')
  return read.head
}

async function readHeadFile(path: string, { fileSystem }: Session): Promise<FlattenedJws> {
  const text = await readText(fileSystem, path, 'an agent keeps one as `auditHead` in its lineage')
  try {
    const value = JSON.parse(text) as { auditHead?: FlattenedJws } & FlattenedJws
    return value.auditHead ?? value
  } catch {
    throw new MayflyError('usage', `${path} is not JSON.`)
  }
}

function broken(message: string): MayflyError {
  return new MayflyError('store-invalid', `${message} Somebody wrote to the store, or it is damaged.`)
}

function describe(
  first: number,
  last: AuditLink,
  { signed, signedBy }: AuditEndView,
): Answer<JsonOf<typeof auditVerifyJson>> {
  const head = signed && headOf(signed)
  const signer = signedBy && parseCertificate(signedBy).subject
  const hash = Buffer.from(last.hash).toString('hex')
  return {
    json: {
      first,
      last: last.number,
      hash,
      ...(head && {
        signed: {
          number: head.number,
          at: formatInstant(head.at),
          ...(signer !== undefined && { by: signer }),
        },
      }),
    },
    lines: [
      heading('The audit is whole.'),
      ...columns([
        ['Records', `${first} to ${last.number}`],
        ['Hash', hash],
        [
          'Signed',
          head === undefined
            ? '(not yet; it is at each sweep)'
            : `up to ${head.number} at ${formatInstant(head.at)}, by ${signer}`,
        ],
      ]),
    ],
  }
}
