import { createCipheriv, createHmac, hash, pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import forge from 'node-forge'
import {
  type Asn1Node,
  binary,
  bmpString,
  bytesOf,
  explicit,
  implicitOctets,
  integer,
  nothing,
  octets,
  oid,
  sequence,
  setOf,
} from './asn1-node.ts'

/** A PKCS #12 store as it should be. */
export interface Pkcs12Content {
  readonly key?: {
    /** PKCS #8, DER. */
    readonly pkcs8: Uint8Array
    readonly alias: string
    /** The certificate of the key, DER. */
    readonly certificate: Uint8Array
  }
  readonly certificates: readonly Pkcs12Certificate[]
  /** Not empty. */
  readonly password: string
  /** Bytes that are different for every purpose and every store. */
  readonly salt: (purpose: string, bytes: number) => Uint8Array
}

export interface Pkcs12Certificate {
  readonly der: Uint8Array
  /** The alias under which Java trusts it as a root. */
  readonly trustedAs?: string
}

/**
 * What Java writes itself. More would buy nothing: the file lies beside the same key in `key.pem`,
 * and its key is worth something for a day.
 */
const iterations = 10_000
const saltBytes = 16
const aesKeyBytes = 32
const aesBlockBytes = 16
const macKeyBytes = 32

const oids = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certificateBag: '1.2.840.113549.1.12.10.1.3',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  /** Java's own: a certificate with it is a trusted entry of the store. */
  javaTrustedUsage: '2.16.840.1.113894.746875.1.1',
  anyExtendedKeyUsage: '2.5.29.37.0',
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const

/**
 * A PKCS #12 store (RFC 7292): keys and certificates under PBES2 with PBKDF2-HMAC-SHA-256 and
 * AES-256-CBC, integrity by HMAC-SHA-256. `openssl pkcs12`, `keytool` and Windows open it.
 */
export async function encodePkcs12(content: Pkcs12Content): Promise<Uint8Array> {
  const contents = [contentInfo(oids.encryptedData, await encryptedCertificates(content))]
  if (content.key !== undefined)
    contents.push(dataContent(bytesOf(sequence([await keyBag(content.key, content)]))))
  const authenticatedSafe = bytesOf(sequence(contents))
  // RFC 7292 4: version 3.
  return bytesOf(sequence([integer(3), dataContent(authenticatedSafe), macData(authenticatedSafe, content)]))
}

async function encryptedCertificates(content: Pkcs12Content): Promise<Asn1Node> {
  const bags = content.certificates.map(certificateBag)
  if (content.key !== undefined) bags.unshift(leafBag(content.key))
  const encrypted = await encrypt(bytesOf(sequence(bags)), 'certificates', content)
  // RFC 5652 8: version 0, and the encrypted content as an implicit [0].
  const ciphertext = implicitOctets(encrypted.ciphertext)
  return sequence([integer(0), sequence([oid(oids.data), encrypted.algorithm, ciphertext])])
}

async function keyBag(key: NonNullable<Pkcs12Content['key']>, content: Pkcs12Content): Promise<Asn1Node> {
  const encrypted = await encrypt(key.pkcs8, 'key', content)
  const info = sequence([encrypted.algorithm, octets(encrypted.ciphertext)])
  return bag(oids.shroudedKeyBag, info, keyAttributes(key))
}

function leafBag(key: NonNullable<Pkcs12Content['key']>): Asn1Node {
  return bag(oids.certificateBag, x509Value(key.certificate), keyAttributes(key))
}

function certificateBag({ der, trustedAs }: Pkcs12Certificate): Asn1Node {
  const attributes =
    trustedAs === undefined
      ? []
      : [
          attribute(oids.friendlyName, bmpString(trustedAs)),
          attribute(oids.javaTrustedUsage, oid(oids.anyExtendedKeyUsage)),
        ]
  return bag(oids.certificateBag, x509Value(der), attributes)
}

function x509Value(der: Uint8Array): Asn1Node {
  return sequence([oid(oids.x509Certificate), explicit(octets(der))])
}

/** What ties a certificate to its key: the same local key id in both bags. */
function keyAttributes({ alias, certificate }: NonNullable<Pkcs12Content['key']>): Asn1Node[] {
  const localKeyId = hash('sha256', certificate, 'buffer').subarray(0, 20)
  return [attribute(oids.friendlyName, bmpString(alias)), attribute(oids.localKeyId, octets(localKeyId))]
}

async function encrypt(
  plain: Uint8Array,
  purpose: string,
  { password, salt }: Pkcs12Content,
): Promise<{ algorithm: Asn1Node; ciphertext: Uint8Array }> {
  const kdfSalt = salt(`${purpose} salt`, saltBytes)
  const iv = salt(`${purpose} iv ${hash('sha256', plain, 'hex')}`, aesBlockBytes)
  const key = await promisify(pbkdf2)(password, kdfSalt, iterations, aesKeyBytes, 'sha256')
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()])
  const kdf = sequence([
    oid(oids.pbkdf2),
    // Without the optional key length: Java 8 stumbles over it, and the cipher implies it.
    sequence([octets(kdfSalt), integer(iterations), sequence([oid(oids.hmacSha256), nothing()])]),
  ])
  const scheme = sequence([oid(oids.aes256Cbc), octets(iv)])
  return { algorithm: sequence([oid(oids.pbes2), sequence([kdf, scheme])]), ciphertext }
}

/** RFC 7292 appendix B, with key id 3 for a key of integrity. */
function macData(authenticatedSafe: Uint8Array, { password, salt }: Pkcs12Content): Asn1Node {
  const macSalt = salt('mac salt', saltBytes)
  const saltBuffer = forge.util.createBuffer(binary(macSalt))
  const key = forge.pkcs12.generateKey(
    password,
    saltBuffer,
    3,
    iterations,
    macKeyBytes,
    forge.md.sha256.create(),
  )
  const mac = createHmac('sha256', Buffer.from(key.getBytes(), 'latin1')).update(authenticatedSafe).digest()
  const digestInfo = sequence([sequence([oid(oids.sha256), nothing()]), octets(mac)])
  return sequence([digestInfo, octets(macSalt), integer(iterations)])
}

function bag(type: string, value: Asn1Node, attributes: readonly Asn1Node[]): Asn1Node {
  return sequence([oid(type), explicit(value), ...(attributes.length === 0 ? [] : [setOf(attributes)])])
}

function attribute(type: string, value: Asn1Node): Asn1Node {
  return sequence([oid(type), setOf([value])])
}

function contentInfo(type: string, content: Asn1Node): Asn1Node {
  return sequence([oid(type), explicit(content)])
}

function dataContent(content: Uint8Array): Asn1Node {
  return contentInfo(oids.data, octets(content))
}
