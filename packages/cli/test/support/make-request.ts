import { writeFile } from 'node:fs/promises'
import {
  createCertificateRequest,
  encodePem,
  generateKeyPair,
  type KeyPair,
  type KeyType,
  type Name,
} from '@mayfly/ca-core'

export interface RequestFile {
  readonly path: string
  readonly keyPair: KeyPair
  /** SHA-256 of the key, hex. */
  readonly fingerprint: string
}

/** A request file as an issuer would bring it to the root. */
export async function makeRequest(
  path: string,
  options: { readonly keyType?: KeyType; readonly keyPair?: KeyPair; readonly names?: readonly Name[] } = {},
): Promise<RequestFile> {
  const keyPair = options.keyPair ?? (await generateKeyPair(options.keyType ?? 'ec-p256'))
  const der = await createCertificateRequest({ keyPair, commonName: 'Issuer', names: options.names ?? [] })
  await writeFile(path, encodePem('CERTIFICATE REQUEST', der))
  return { path, keyPair, fingerprint: keyPair.publicKey.hash }
}
