import { concat, encodeNull } from '../der/der-writer.ts'
import { oids } from '../der/oids.ts'
import { signatureAlgorithmOf } from '../keys/key-algorithms.ts'
import type { PublicKey } from '../keys/public-key.ts'
import { encodeGeneralNames } from '../names/general-names.ts'
import type { Name } from '../names/name.ts'
import type { Instant } from '../time/instant.ts'
import type { Certificate } from '../x509/certificate.ts'
import { encodeDistinguishedName } from '../x509/distinguished-name.ts'
import { encodeSigned, encodeTbs } from '../x509/encode-certificate.ts'
import { encodeExtension } from '../x509/extension.ts'
import {
  type ExtendedKeyUsage,
  encodeAuthorityKeyId,
  encodeBasicConstraints,
  encodeExtendedKeyUsage,
  encodeKeyUsage,
  encodeSubjectKeyId,
} from '../x509/extension-values.ts'
import { keyIdOf } from '../x509/key-identifier.ts'

/** The few parts in which one leaf differs from the next. */
export interface LeafParts {
  readonly serial: string
  readonly notBefore: Instant
  readonly notAfter: Instant
  readonly commonName: string | undefined
  readonly names: readonly Name[]
  readonly publicKey: PublicKey
}

export interface LeafTemplate {
  /** The TBSCertificate, DER. */
  tbsOf(parts: LeafParts): Uint8Array
  /** The certificate around a TBSCertificate and its signature, DER. */
  wrap(tbs: Uint8Array, signature: Uint8Array): Uint8Array
}

/** Encodes once what all leaves of an issuer and purpose share, so that each leaf is a splice. */
export function prepareLeafTemplate(
  issuer: Certificate,
  purposes: readonly ExtendedKeyUsage[],
): LeafTemplate {
  const algorithm = signatureAlgorithmOf(issuer.publicKey.type)
  const sharedExtensions = concat([
    encodeExtension(oids.basicConstraints, true, encodeBasicConstraints({ isCa: false })),
    encodeExtension(oids.keyUsage, true, encodeKeyUsage(['digitalSignature'])),
    encodeExtension(oids.extKeyUsage, false, encodeExtendedKeyUsage(purposes)),
    encodeExtension(oids.authorityKeyIdentifier, false, encodeAuthorityKeyId(keyIdOf(issuer.publicKey))),
    // RFC 9608 2: no revocation information will ever be published for a certificate that lives a day.
    encodeExtension(oids.noRevAvail, false, encodeNull()),
  ])
  return {
    tbsOf: (parts) => {
      const subjectDer = encodeDistinguishedName(parts.commonName)
      const extensions = [sharedExtensions, subjectKeyId(parts), subjectNames(parts)]
      return encodeTbs({ ...parts, issuerDer: issuer.subjectDer, subjectDer, extensions }, algorithm)
    },
    wrap: (tbs, signature) => encodeSigned(tbs, algorithm, signature),
  }
}

function subjectKeyId({ publicKey }: LeafParts): Uint8Array {
  return encodeExtension(oids.subjectKeyIdentifier, false, encodeSubjectKeyId(keyIdOf(publicKey)))
}

/** RFC 5280 4.2.1.6: critical where the subject is empty. */
function subjectNames({ names, commonName }: LeafParts): Uint8Array {
  return encodeExtension(oids.subjectAltName, commonName === undefined, encodeGeneralNames(names))
}
