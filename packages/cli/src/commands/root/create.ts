import { resolve } from 'node:path'
import {
  type Certificate,
  formatFingerprint,
  formatInstant,
  type KeyType,
  parseTrustDomain,
} from '@mayfly/ca-core'
import { requireAbsent, writeCeremonyFiles } from '../../ceremony/ceremony-files.ts'
import { makeRoot, rootPaths } from '../../ceremony/create-root.ts'
import { type NameRangeOptions, readNameConstraints } from '../../ceremony/name-ranges.ts'
import { type PassphraseOptions, readNewPassphrase } from '../../ceremony/passphrase.ts'
import type { JsonOf } from '../../json/json-fields.ts'
import { type Answer, columns, heading } from '../../terminal/answer.ts'
import { tellProgress } from '../progress.ts'
import type { Session } from '../session.ts'
import type { rootCreateJson } from './root-json.ts'

export interface RootCreateOptions extends PassphraseOptions, NameRangeOptions {
  readonly out: string
  readonly trustDomain: string
  readonly keyType: KeyType
  readonly name?: string
  readonly json?: boolean
}

/** `mayfly root create` */
export async function rootCreate(
  options: RootCreateOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof rootCreateJson>>> {
  const { fileSystem, clock, random } = session
  const path = resolve(options.out)
  const trustDomain = parseTrustDomain(options.trustDomain)
  const nameConstraints = readNameConstraints(options)
  await requireAbsent(fileSystem, rootPaths(path))
  const passphrase = await readNewPassphrase('Passphrase for the new root key', options, session)
  tellProgress(session, 'Making the key…')
  const { certificate, files } = await makeRoot({
    path,
    keyType: options.keyType,
    commonName: options.name ?? `Mayfly root of ${trustDomain}`,
    trustDomain,
    nameConstraints,
    passphrase,
    now: clock.now(),
    random,
  })
  passphrase.fill(0)
  await writeCeremonyFiles(fileSystem, files)
  return describe(
    certificate,
    trustDomain,
    files.map((file) => file.path),
  )
}

function describe(
  root: Certificate,
  trustDomain: string,
  files: readonly string[],
): Answer<JsonOf<typeof rootCreateJson>> {
  return {
    json: {
      subject: root.subject,
      sha256: root.fingerprint,
      keyType: root.publicKey.type,
      notAfter: formatInstant(root.notAfter),
      trustDomain,
      files,
    },
    lines: [
      heading('The root was made.'),
      ...columns([
        ['Subject', root.subject],
        ['SHA-256', formatFingerprint(root.fingerprint)],
        ['Key type', root.publicKey.type],
        ['Until', formatInstant(root.notAfter)],
        ['Trust domain', trustDomain],
      ]),
      '',
      ...files.map((file) => `  ${file}`),
      '',
      'Keep the folder off every network, and a copy of it in another place.',
      'Write the SHA-256 down: `mayfly issuer install` is to be told it.',
    ],
  }
}
