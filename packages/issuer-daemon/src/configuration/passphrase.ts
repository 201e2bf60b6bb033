import { readSecret, type SecretPorts } from '@mayfly/platform'
import type { PassphraseSource } from './issuer-configuration.ts'

/**
 * Gives the passphrase each time it is needed. A file or credential is read anew, so that a reload sees a
 * new one; a person is asked once.
 */
export function passphraseReader(source: PassphraseSource, ports: SecretPorts): () => Promise<Uint8Array> {
  if (!('prompt' in source)) return () => readSecret(source, ports)
  let answered: Promise<Uint8Array> | undefined
  return () => {
    answered ??= readSecret({ prompt: "Passphrase of the issuer's key: " }, ports)
    return answered
  }
}
