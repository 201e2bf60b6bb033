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
import { encodeDistinguishedName } from '../x509/distinguished-name.ts'

export interface RequestContent {
  readonly keyPair: KeyPair
  readonly commonName?: string
  readonly names?: readonly Name[]
}

/** A PKCS #10 request (RFC 2986), DER, signed by its own key: the proof of possession. */
export async function createCertificateRequest(content: RequestContent): Promise<Uint8Array> {
  const { keyPair, commonName, names = [] } = content
  const info = encodeSequence(
    encodeSmallInteger(0),
    encodeDistinguishedName(commonName),
    keyPair.publicKey.spki,
    encodeContextConstructed(0, ...(names.length === 0 ? [] : [extensionRequest(names)])),
  )
  const signature = keySigner(keyPair).sign(info)
  return encodeSequence(info, signatureAlgorithmOf(keyPair.type), encodeBitString(signature))
}

/** RFC 2985 5.4.2. */
function extensionRequest(names: readonly Name[]): Uint8Array {
  const san = encodeSequence(encodeOid(oids.subjectAltName), encodeOctetString(encodeGeneralNames(names)))
  return encodeSequence(encodeOid(oids.extensionRequest), encodeElement(derTags.set, encodeSequence(san)))
}
