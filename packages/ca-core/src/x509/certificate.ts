import type { PublicKey } from '../keys/public-key.ts'
import type { Name } from '../names/name.ts'
import type { Instant } from '../time/instant.ts'
import type { Extension } from './extension.ts'
import type { KeyUsage } from './extension-values.ts'
import type { NameConstraints } from './name-constraints.ts'

/** A certificate as it was read. It was not verified by that: see `verifyChain`. */
export interface Certificate {
  readonly der: Uint8Array
  readonly pem: string
  /** SHA-256 of `der`, lower-case hexadecimal. */
  readonly fingerprint: string
  /** The serial number's content octets, lower-case hexadecimal. */
  readonly serial: string
  /** For showing only, as RFC 4514 writes names. */
  readonly subject: string
  readonly issuer: string
  /** For comparing: the names' DER. */
  readonly subjectDer: Uint8Array
  readonly issuerDer: Uint8Array
  readonly commonName?: string
  readonly notBefore: Instant
  readonly notAfter: Instant
  readonly publicKey: PublicKey
  readonly names: readonly Name[]
  readonly isCa: boolean
  readonly pathLength?: number
  readonly keyUsage: readonly KeyUsage[]
  /** By name (`serverAuth`), or by object identifier; empty where there is no such extension. */
  readonly extendedKeyUsage: readonly string[]
  readonly subjectKeyId?: string
  readonly authorityKeyId?: string
  readonly nameConstraints?: NameConstraints
  readonly extensions: readonly Extension[]
  /** What the signature covers. */
  readonly tbs: Uint8Array
  /** AlgorithmIdentifier, DER. */
  readonly signatureAlgorithm: Uint8Array
  readonly signature: Uint8Array
}
