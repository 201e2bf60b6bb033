import { dirname, resolve } from 'node:path'
import {
  type Certificate,
  type CertificateRequest,
  formatFingerprint,
  formatInstant,
  parseCertificateRequestPem,
} from '@mayfly/ca-core'
import { inFile } from '@mayfly/platform'
import { requireAbsent, writeCeremonyFiles } from '../../ceremony/ceremony-files.ts'
import { type NameRangeOptions, readNameConstraints } from '../../ceremony/name-ranges.ts'
import { openRootKey } from '../../ceremony/open-root-key.ts'
import type { PassphraseOptions } from '../../ceremony/passphrase.ts'
import { describeRequest, requireFingerprint } from '../../ceremony/request-fingerprint.ts'
import { openRootFolder, type RootFolder, readText } from '../../ceremony/root-folder.ts'
import { answerPaths, signRequestAtRoot } from '../../ceremony/sign-request.ts'
import type { JsonOf } from '../../json/json-fields.ts'
import { type Answer, columns, heading } from '../../terminal/answer.ts'
import { readDuration } from '../read-duration.ts'
import type { Session } from '../session.ts'
import type { rootSignJson } from './root-json.ts'

export interface RootSignOptions extends PassphraseOptions, NameRangeOptions {
  readonly request: string
  readonly root: string
  readonly out?: string
  readonly expectFingerprint?: string
  readonly name?: string
  readonly life?: string
  readonly json?: boolean
}

/** `mayfly root sign` */
export async function rootSign(
  options: RootSignOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof rootSignJson>>> {
  const { fileSystem, clock, random } = session
  const root = await openRootFolder(fileSystem, resolve(options.root))
  const text = await readText(
    fileSystem,
    options.request,
    '`mayfly issuer init` writes one on the issuer host',
  )
  const request = await inFile(options.request, () => parseCertificateRequestPem(text))
  const nameConstraints = readNameConstraints(options)
  const lifetimeSeconds = options.life === undefined ? undefined : readDuration('--life', options.life)
  const out = resolve(options.out ?? dirname(options.request))
  await requireAbsent(fileSystem, answerPaths(out))
  await confirmRequest(request, options, session)
  const keyPair = await openRootKey(root, options, session)
  const { certificate, files } = await signRequestAtRoot({
    root,
    keyPair,
    request,
    out,
    commonName: options.name,
    lifetimeSeconds,
    nameConstraints,
    now: clock.now(),
    random,
  })
  await writeCeremonyFiles(fileSystem, files)
  return describe(
    certificate,
    root,
    files.map((file) => file.path),
  )
}

/** Nothing is signed that a person did not compare with what the issuer host shows. */
async function confirmRequest(
  request: CertificateRequest,
  { expectFingerprint }: RootSignOptions,
  { terminal, json }: Session,
): Promise<void> {
  if (!json || terminal.interactive) {
    terminal.say([heading('The request'), ...columns(describeRequest(request))].join('\n'))
  }
  const typed =
    expectFingerprint ??
    (await terminal.ask('Type the SHA-256 that the issuer host shows (or give --expect-fingerprint): '))
  requireFingerprint(request, typed)
}

function describe(
  certificate: Certificate,
  root: RootFolder,
  files: readonly string[],
): Answer<JsonOf<typeof rootSignJson>> {
  return {
    json: {
      subject: certificate.subject,
      serial: certificate.serial,
      sha256: certificate.fingerprint,
      keySha256: certificate.publicKey.hash,
      notAfter: formatInstant(certificate.notAfter),
      rootSha256: root.certificate.fingerprint,
      bundleSequence: root.bundle.content.sequence,
      files,
    },
    lines: [
      heading('The intermediate was signed.'),
      ...columns([
        ['Subject', certificate.subject],
        ['Serial', certificate.serial],
        ['SHA-256', formatFingerprint(certificate.fingerprint)],
        ['Until', formatInstant(certificate.notAfter)],
        ['Trust bundle', `sequence ${root.bundle.content.sequence}`],
      ]),
      '',
      ...files.map((file) => `  ${file}`),
      '',
      'On the issuer host:',
      `  mayfly issuer install DIR --root-fingerprint ${root.certificate.fingerprint}`,
    ],
  }
}
