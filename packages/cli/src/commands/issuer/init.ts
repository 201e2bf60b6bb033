import { basename, join } from 'node:path'
import { formatFingerprint, type KeyType } from '@mayfly/ca-core'
import { type InitialisedAuthority, initAuthority, readIssuerConfiguration } from '@mayfly/issuer-daemon'
import { requireAbsent, writeCeremonyFiles } from '../../ceremony/ceremony-files.ts'
import type { PassphraseOptions } from '../../ceremony/passphrase.ts'
import type { JsonOf } from '../../json/json-fields.ts'
import { type Answer, columns, heading } from '../../terminal/answer.ts'
import { tellProgress } from '../progress.ts'
import type { Session } from '../session.ts'
import type { issuerInitJson } from './issuer-json.ts'
import { readNewIssuerPassphrase } from './issuer-passphrase.ts'
import { stateOwnersFiles } from './state-owner.ts'

export interface IssuerInitOptions extends PassphraseOptions {
  readonly config: string
  readonly keyType: KeyType
  readonly out?: string
  readonly name?: string
  readonly json?: boolean
}

/** `mayfly issuer init` */
export async function issuerInit(
  options: IssuerInitOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof issuerInitJson>>> {
  const { fileSystem, random } = session
  const configuration = await readIssuerConfiguration(fileSystem, options.config)
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

function describe(
  { keyType, keyHash }: InitialisedAuthority,
  path: string,
): Answer<JsonOf<typeof issuerInitJson>> {
  return {
    json: { request: path, keyType, keySha256: keyHash },
    lines: [
      heading('The request was made.'),
      ...columns([
        ['Request', path],
        ['Key type', keyType],
        ['SHA-256 of the key', formatFingerprint(keyHash)],
      ]),
      '',
      'Write the SHA-256 down, carry the request to the root box, and run there:',
      `  mayfly root sign ${basename(path)} --root DIR`,
    ],
  }
}
