import { basename, join } from 'node:path'
import { formatFingerprint, type Hsm, type KeyType, MayflyError } from '@mayfly/ca-core'
import {
  type InitialisedAuthority,
  type IssuerConfiguration,
  initAuthority,
  readIssuerConfiguration,
} from '@mayfly/issuer-daemon'
import { requireAbsent, writeCeremonyFiles } from '../../ceremony/ceremony-files.ts'
import type { PassphraseOptions } from '../../ceremony/passphrase.ts'
import type { JsonOf } from '../../json/json-fields.ts'
import { type Answer, columns, heading } from '../../terminal/answer.ts'
import { tellProgress } from '../progress.ts'
import type { Session } from '../session.ts'
import { openCeremonyHsm, type PinOptions } from './ceremony-hsm.ts'
import type { issuerInitJson } from './issuer-json.ts'
import { readNewIssuerPassphrase } from './issuer-passphrase.ts'
import { stateOwnersFiles } from './state-owner.ts'

export interface IssuerInitOptions extends PassphraseOptions, PinOptions {
  readonly config: string
  readonly keyType: KeyType
  readonly out?: string
  readonly name?: string
  /** A key that is in the HSM already, as a PKCS #11 URI. */
  readonly key?: string
  readonly json?: boolean
}

type InitAnswer = Answer<JsonOf<typeof issuerInitJson>>

/** `mayfly issuer init` */
export async function issuerInit(options: IssuerInitOptions, session: Session): Promise<InitAnswer> {
  const configuration = await readIssuerConfiguration(session.fileSystem, options.config)
  const hsm = openCeremonyHsm(configuration.hsm, options, session)
  if (options.key !== undefined && hsm === undefined) {
    throw new MayflyError(
      'usage',
      `--key names a key in an HSM, and ${options.config} names none under \`hsm\`.`,
    )
  }
  try {
    return await initWith(configuration, hsm, options, session)
  } finally {
    await hsm?.close()
  }
}

async function initWith(
  configuration: IssuerConfiguration,
  hsm: Hsm | undefined,
  options: IssuerInitOptions,
  session: Session,
): Promise<InitAnswer> {
  const { fileSystem, random } = session
  const copy = options.out === undefined ? undefined : await requestPath(options.out, session)
  if (copy !== undefined) await requireAbsent(fileSystem, [copy])
  const passphrase = await readNewIssuerPassphrase(configuration.passphrase, options, session)
  tellProgress(session, 'Making the key…')
  const made = await initAuthority({
    fileSystem: await stateOwnersFiles(fileSystem, configuration.state),
    random,
    state: configuration.state,
    keyType: options.keyType,
    passphrase,
    ...(hsm && { hsm }),
    ...(options.key !== undefined && { keyUri: options.key }),
    ...(options.name !== undefined && { commonName: options.name }),
  })
  passphrase.fill(0)
  if (copy !== undefined)
    await writeCeremonyFiles(fileSystem, [{ path: copy, content: made.requestPem, secret: false }])
  return describe(made, copy ?? made.requestPath)
}

/** A folder gets the request under its usual name. */
async function requestPath(out: string, { fileSystem }: Session): Promise<string> {
  return (await fileSystem.status(out))?.type === 'directory' ? join(out, 'request.pem') : out
}

function describe({ keyType, keyHash, keyUri }: InitialisedAuthority, path: string): InitAnswer {
  return {
    json: { request: path, keyType, keySha256: keyHash, ...(keyUri !== undefined && { key: keyUri }) },
    lines: [
      heading('The request was made.'),
      ...columns([
        ['Request', path],
        ['Key type', keyType],
        ...(keyUri === undefined ? [] : [['Key in the HSM', keyUri] as const]),
        ['SHA-256 of the key', formatFingerprint(keyHash)],
      ]),
      '',
      'Write the SHA-256 down, carry the request to the root box, and run there:',
      `  mayfly root sign ${basename(path)} --root DIR`,
    ],
  }
}
