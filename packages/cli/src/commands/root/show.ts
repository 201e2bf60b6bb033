import { resolve } from 'node:path'
import { formatFingerprint, formatInstant } from '@mayfly/ca-core'
import { brokenRecords } from '../../ceremony/ceremony-record.ts'
import { describeRoots } from '../../ceremony/next-bundle.ts'
import { openRootFolder } from '../../ceremony/root-folder.ts'
import { exitCodes } from '../../errors/exit-codes.ts'
import type { JsonOf } from '../../json/json-fields.ts'
import { type Answer, columns, heading } from '../../terminal/answer.ts'
import type { Session } from '../session.ts'
import type { rootShowJson } from './root-json.ts'

export interface RootShowOptions {
  readonly root: string
  readonly json?: boolean
}

/** `mayfly root show` */
export async function rootShow(
  options: RootShowOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof rootShowJson>>> {
  const { certificate, bundle, records } = await openRootFolder(session.fileSystem, resolve(options.root))
  const { sequence, trustDomain, distrusted } = bundle.content
  const broken = brokenRecords(records)
  return {
    json: {
      subject: certificate.subject,
      sha256: certificate.fingerprint,
      keyType: certificate.publicKey.type,
      notBefore: formatInstant(certificate.notBefore),
      notAfter: formatInstant(certificate.notAfter),
      trustDomain,
      bundle: { sequence, roots: bundle.content.roots.map(({ fingerprint }) => fingerprint), distrusted },
      records: records.map(({ name }) => name),
      brokenRecords: broken,
    },
    lines: [
      heading(certificate.subject),
      ...columns([
        ['SHA-256', formatFingerprint(certificate.fingerprint)],
        ['Key type', certificate.publicKey.type],
        ['Valid', `${formatInstant(certificate.notBefore)} to ${formatInstant(certificate.notAfter)}`],
        ['Trust domain', trustDomain],
        ['Trust bundle', `sequence ${sequence}`],
        ...describeRoots(bundle.content).map((root) => ['Root', root] as [string, string]),
        ...distrusted.map((fingerprint) => ['Distrusted', fingerprint] as [string, string]),
        ...records.map(
          ({ name }) =>
            ['Record', broken.includes(name) ? `${name} (does not follow from the one before)` : name] as [
              string,
              string,
            ],
        ),
      ]),
    ],
    exitCode: broken.length === 0 ? 0 : exitCodes['state-invalid'],
  }
}
