import { MayflyError } from '@mayfly/ca-core'
import { readSecret } from '@mayfly/platform'
import type { Session } from '../commands/session.ts'

/** Where a passphrase comes from. Never a flag's value, never the environment: both are shown by `ps`. */
export interface PassphraseOptions {
  readonly passphraseFile?: string
  readonly passphraseFd?: number
}

/** Six words of a diceware list have far more; eleven characters of anything have too little for twenty years. */
export const passphraseBytesMin = 12

/** The passphrase of a key that exists. */
export function readPassphrase(
  question: string,
  options: PassphraseOptions,
  session: Session,
): Promise<Uint8Array> {
  const { fileSystem, environment, terminal } = session
  const { passphraseFile: file, passphraseFd: fd } = options
  const ports = { fileSystem, environment, ask: terminal.askSecret }
  return readSecret(
    file === undefined && fd === undefined ? { prompt: `${question}: ` } : { file, fd },
    ports,
  )
}

/**
 * The passphrase of a key about to be made. A person types it twice.
 *
 * @throws MayflyError `passphrase-wrong` where it is too short, or the second is not the first
 */
export async function readNewPassphrase(
  question: string,
  options: PassphraseOptions,
  session: Session,
): Promise<Uint8Array> {
  const passphrase = await readPassphrase(question, options, session)
  if (passphrase.byteLength < passphraseBytesMin) {
    throw new MayflyError('passphrase-wrong', `A passphrase has at least ${passphraseBytesMin} characters.`)
  }
  if (options.passphraseFile === undefined && options.passphraseFd === undefined) {
    const again = await session.terminal.askSecret(`${question}, again: `)
    if (Buffer.compare(passphrase, again) !== 0) {
      throw new MayflyError('passphrase-wrong', 'The two passphrases differ. Nothing was made.')
    }
  }
  return passphrase
}
