import type { PassphraseSource } from '@mayfly/issuer-daemon'
import { type PassphraseOptions, readNewPassphrase } from '../../ceremony/passphrase.ts'
import type { Session } from '../session.ts'

/**
 * The passphrase for the issuer's keys: what the flags say, otherwise the file that the configuration names,
 * otherwise a person. A systemd credential exists only inside the unit, so it is asked for here.
 */
export function readNewIssuerPassphrase(
  source: PassphraseSource,
  flags: PassphraseOptions,
  session: Session,
): Promise<Uint8Array> {
  const isFlagged = flags.passphraseFile !== undefined || flags.passphraseFd !== undefined
  const options = !isFlagged && 'file' in source ? { passphraseFile: source.file } : flags
  return readNewPassphrase("Passphrase for the issuer's keys", options, session)
}
