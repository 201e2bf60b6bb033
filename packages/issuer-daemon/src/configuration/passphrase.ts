import { readSecret, type SecretPorts } from '@mayfly/platform'
import type { PassphraseSource } from './issuer-configuration.ts'

/**
 * Gives the passphrase of the issuer's keys each time it is needed.
 */
export function passphraseReader(source: PassphraseSource, ports: SecretPorts): () => Promise<Uint8Array> {
  return secretReader(source, "Passphrase of the issuer's key: ", ports)
}

/** The same for the PIN of the HSM. */
export function pinReader(source: PassphraseSource, ports: SecretPorts): () => Promise<Uint8Array> {
  return secretReader(source, 'PIN of the HSM: ', ports)
}

/**
 * Gives the secret each time it is needed. A file or credential is read anew, so that a reload sees a
 * new one; a person is asked once.
 */
function secretReader(
  source: PassphraseSource,
  question: string,
  ports: SecretPorts,
): () => Promise<Uint8Array> {
  if (!('prompt' in source)) return () => readSecret(source, ports)
  let answered: Promise<Uint8Array> | undefined
  return () => {
    answered ??= readSecret({ prompt: question }, ports)
    return answered
  }
}
