import { type DerElement, parseDer } from '../der/der-element.ts'
import { oidOf } from '../der/der-oid.ts'
import { contextTagConstructed, derTags } from '../der/der-tags.ts'
import { bitStringBytesOf, elementsOf, fieldsOf, smallIntegerOf } from '../der/der-values.ts'
import { oids } from '../der/oids.ts'
import { decodePem } from '../der/pem.ts'
import { isMayflyError, MayflyError } from '../errors/mayfly-error.ts'
import { keyAlgorithms, signatureAlgorithmOf } from '../keys/key-algorithms.ts'
import { type PublicKey, parsePublicKey } from '../keys/public-key.ts'
import { verifySignature } from '../keys/signature.ts'
import { decodeGeneralNames } from '../names/general-names.ts'
import type { Name } from '../names/name.ts'
import { parseDistinguishedName } from '../x509/distinguished-name.ts'
import { type Extension, parseExtensions } from '../x509/extension.ts'
import { requestBytesMax } from './request-limits.ts'

/**
 * What a PKCS #10 request says. Only the key is ever taken from it; the names are compared with the
 * policy and never copied (EJBCA CVE-2022-34831, SPIRE CVE-2021-27098).
 */
export interface CertificateRequest {
  readonly der: Uint8Array
  readonly publicKey: PublicKey
  readonly commonName?: string
  readonly names: readonly Name[]
}

/**
 * Reads a request strictly and checks the proof of possession. Extensions other than a subject
 * alternative name, and attributes other than the extension request, are refused.
 * Throws `csr-invalid`, `proof-of-possession-failed`, `key-weak` or `key-type-unsupported`.
 */
export function parseCertificateRequest(input: Uint8Array): CertificateRequest {
  // A copy: the caller may write to its buffer again.
  const der = new Uint8Array(input)
  const parts = asRequest(() => readRequest(der))
  const { publicKey } = parts
  if (Buffer.compare(parts.signatureAlgorithm, signatureAlgorithmOf(publicKey.type)) !== 0) {
    const { digest } = keyAlgorithms[publicKey.type]
    const advice = digest === null ? '' : `; sign it with ${digest}`
    throw csrInvalid(`its signature algorithm is not the one of ${publicKey.type} keys${advice}`)
  }
  if (!verifySignature(publicKey, parts.info, parts.signature)) {
    throw new MayflyError(
      'proof-of-possession-failed',
      'The certificate request is not signed by the key it holds.',
    )
  }
  const { commonName, names } = parts
  return { der, publicKey, names, ...(commonName === undefined ? {} : { commonName }) }
}

/** The same from PEM with the label `CERTIFICATE REQUEST`. Throws `pem-invalid` besides. */
export function parseCertificateRequestPem(pem: string): CertificateRequest {
  return parseCertificateRequest(decodePem('CERTIFICATE REQUEST', pem))
}

interface RequestParts {
  readonly info: Uint8Array
  readonly publicKey: PublicKey
  readonly commonName: string | undefined
  readonly names: readonly Name[]
  readonly signatureAlgorithm: Uint8Array
  readonly signature: Uint8Array
}

function readRequest(der: Uint8Array): RequestParts {
  const outer = fieldsOf(parseDer(der, { bytesMax: requestBytesMax }))
  const info = outer.take(derTags.sequence)
  const signatureAlgorithm = outer.take(derTags.sequence).encoded
  const signature = bitStringBytesOf(outer.takeAny())
  outer.end()
  const fields = fieldsOf(info)
  // RFC 2986 4.1: version 1 is written as 0.
  if (smallIntegerOf(fields.takeAny()) !== 0) throw csrInvalid('its version is not 1')
  const { commonName } = parseDistinguishedName(fields.takeAny().encoded)
  const publicKey = parsePublicKey(fields.take(derTags.sequence).encoded)
  const names = readAttributes(fields.take(contextTagConstructed(0)))
  fields.end()
  return { info: info.encoded, publicKey, commonName, names, signatureAlgorithm, signature }
}

function readAttributes(attributes: DerElement): Name[] {
  const [first, second] = attributes.children
  if (first === undefined) return []
  if (second !== undefined) throw csrInvalid('it has more than one attribute')
  const fields = fieldsOf(first)
  const type = oidOf(fields.takeAny())
  const [value, another] = elementsOf(fields.takeAny(), derTags.set)
  fields.end()
  if (type !== oids.extensionRequest)
    throw csrInvalid(`it has the attribute ${type}, and only names may be asked for`)
  if (value === undefined || another !== undefined)
    throw csrInvalid('its extension request has not one value')
  return namesOf(parseExtensions(value))
}

function namesOf(extensions: readonly Extension[]): Name[] {
  const other = extensions.find(({ oid }) => oid !== oids.subjectAltName)
  if (other !== undefined) {
    throw csrInvalid(
      `it asks for the extension ${other.oid}, and only a subject alternative name may be asked for`,
    )
  }
  const [san] = extensions
  return san === undefined ? [] : decodeGeneralNames(san.value)
}

/** What the readers below say becomes `csr-invalid`; what is said of the key stays. */
function asRequest<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    const kept = ['csr-invalid', 'key-weak', 'key-type-unsupported'] as const
    if (kept.some((code) => isMayflyError(cause, code))) throw cause
    throw csrInvalid(cause instanceof Error ? cause.message : 'it is broken', cause)
  }
}

function csrInvalid(what: string, cause?: unknown): MayflyError {
  return new MayflyError(
    'csr-invalid',
    `The certificate request cannot be accepted: ${what}`.replace(/\.?$/, '.'),
    { cause },
  )
}
