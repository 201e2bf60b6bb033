import { createPrivateKey, X509Certificate } from 'node:crypto'
import {
  encodePrivateKey,
  generateKeyPair,
  type Instant,
  type KeyType,
  MayflyError,
  parseName,
} from '@mayfly/ca-core'
import type { Issuer } from '../issuing/issuer.ts'
import type { TlsMaterial } from './tls-parameters.ts'

/** How the issuer is called in its own log of issuance. */
const ownName = 'issuer'

/** The issuer's own leaf, with the key that only this process holds. */
export interface OwnCertificate {
  readonly material: TlsMaterial
  readonly serial: string
  readonly renewAt: Instant
  readonly notAfter: Instant
}

export interface OwnCertificateWish {
  /** Text form, as in the configuration. */
  readonly names: readonly string[]
  readonly keyType: KeyType
}

/** Makes a key and mints its leaf the way of every other: intended, signed, recorded. */
export async function mintOwnCertificate(
  issuer: Pick<Issuer, 'mintOwn'>,
  { names, keyType }: OwnCertificateWish,
): Promise<OwnCertificate> {
  const keyPair = await generateKeyPair(keyType)
  const leaf = await issuer.mintOwn({
    name: ownName,
    names: names.map(parseName),
    publicKey: keyPair.publicKey,
  })
  const material = { keyPem: encodePrivateKey(keyPair), chainPem: leaf.answer.chain }
  checkPair(material)
  return { material, serial: leaf.answer.serial, renewAt: leaf.renewAt, notAfter: leaf.notAfter }
}

/** What `installOwnCertificate` needs of the front. */
export interface CertificatePlace {
  present(material: TlsMaterial): void
}

/** Lets the next connections see `material`; those that are open go on as they are. Throws `key-mismatch`. */
export function installOwnCertificate(place: CertificatePlace, material: TlsMaterial): void {
  checkPair(material)
  place.present(material)
}

/**
 * Throws `key-mismatch` before a server is touched. Both are parsed here: an empty key or certificate
 * passes every check of Node's TLS, and then no handshake succeeds.
 */
function checkPair({ keyPem, chainPem }: TlsMaterial): void {
  try {
    if (new X509Certificate(chainPem).checkPrivateKey(createPrivateKey(keyPem))) return
  } catch (cause) {
    throw new MayflyError('key-mismatch', 'The key or the certificate of the issuer cannot be read.', {
      cause,
    })
  }
  throw new MayflyError('key-mismatch', 'The key and the certificate of the issuer do not fit.')
}
