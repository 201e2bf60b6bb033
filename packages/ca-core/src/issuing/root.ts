import { oids } from '../der/oids.ts'
import type { KeyPair } from '../keys/key-pair.ts'
import { keySigner } from '../keys/signature.ts'
import type { Random } from '../ports/random.ts'
import type { Instant } from '../time/instant.ts'
import type { Certificate } from '../x509/certificate.ts'
import { encodeDistinguishedName } from '../x509/distinguished-name.ts'
import { encodeExtension } from '../x509/extension.ts'
import { encodeSubjectKeyId } from '../x509/extension-values.ts'
import { keyIdOf } from '../x509/key-identifier.ts'
import type { NameConstraints } from '../x509/name-constraints.ts'
import { authorityExtensions } from './authority-extensions.ts'
import { addYears, rootLifetimeYears } from './lifetimes.ts'
import { drawSerial } from './serial.ts'
import { signLinted } from './sign-linted.ts'

export interface RootOptions {
  readonly keyPair: KeyPair
  readonly commonName: string
  readonly now: Instant
  readonly random: Random
  readonly nameConstraints?: NameConstraints
}

/** A self-signed root by the profile table: 20 years from `now`. Throws `name-invalid` or `lint-failed`. */
export async function createRoot(options: RootOptions): Promise<Certificate> {
  const { keyPair, commonName, now, random, nameConstraints } = options
  const name = encodeDistinguishedName(commonName)
  const content = {
    serial: drawSerial(random, now),
    issuerDer: name,
    subjectDer: name,
    notBefore: now,
    notAfter: addYears(now, rootLifetimeYears),
    publicKey: keyPair.publicKey,
    extensions: [
      ...authorityExtensions({ isCa: true }, nameConstraints),
      encodeExtension(oids.subjectKeyIdentifier, false, encodeSubjectKeyId(keyIdOf(keyPair.publicKey))),
    ],
  }
  return signLinted(content, keySigner(keyPair), { kind: 'root' })
}
