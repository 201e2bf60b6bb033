import { derTags } from '../der/der-tags.ts'
import {
  encodeBitString,
  encodeContextConstructed,
  encodeElement,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSmallInteger,
} from '../der/der-writer.ts'
import { oids } from '../der/oids.ts'
import { signatureAlgorithmOf } from '../keys/key-algorithms.ts'
import type { KeyPair } from '../keys/key-pair.ts'
import { keySigner } from '../keys/signature.ts'
import { encodeGeneralNames } from '../names/general-names.ts'
import type { Name } from '../names/name.ts'
import type { Signer } from '../ports/signer.ts'
import { encodeDistinguishedName } from '../x509/distinguished-name.ts'

export interface RequestContent extends RequestNames {
  readonly keyPair: KeyPair
}

export interface RequestNames {
  readonly commonName?: string
  readonly names?: readonly Name[]
}

/** A PKCS #10 request (RFC 2986), DER, signed by its own key: the proof of possession. */
export function createCertificateRequest({ keyPair, ...names }: RequestContent): Promise<Uint8Array> {
  return signCertificateRequest(keySigner(keyPair), names)
}

/** The same for a key that may be in a token. Rejects as the signer does. */
export async function signCertificateRequest(
  signer: Signer,
  { commonName, names = [] }: RequestNames,
): Promise<Uint8Array> {
  const info = encodeSequence(
    encodeSmallInteger(0),
    encodeDistinguishedName(commonName),
    signer.spki,
    encodeContextConstructed(0, ...(names.length === 0 ? [] : [extensionRequest(names)])),
  )
  const signature = await signer.sign(info)
  return encodeSequence(info, signatureAlgorithmOf(signer.keyType), encodeBitString(signature))
}

/** RFC 2985 5.4.2. */
function extensionRequest(names: readonly Name[]): Uint8Array {
  const san = encodeSequence(encodeOid(oids.subjectAltName), encodeOctetString(encodeGeneralNames(names)))
  return encodeSequence(encodeOid(oids.extensionRequest), encodeElement(derTags.set, encodeSequence(san)))
}
