import { DerCursor } from '../der/der-cursor.ts'
import { parseDer } from '../der/der-element.ts'
import { oidOf } from '../der/der-oid.ts'
import { contextTagConstructed, derTags } from '../der/der-tags.ts'
import { bitStringBytesOf, elementsOf, fieldsOf } from '../der/der-values.ts'
import { encodeContextConstructed, encodeSequence, encodeSmallInteger } from '../der/der-writer.ts'
import { oids } from '../der/oids.ts'
import { ownBytes } from '../der/own-bytes.ts'
import { decodePem } from '../der/pem.ts'
import { isMayflyError, MayflyError } from '../errors/mayfly-error.ts'
import { checkSignature } from '../keys/check-signature.ts'
import { keyAlgorithms, signatureAlgorithmOf } from '../keys/key-algorithms.ts'
import { keyInvalid, type PublicKey, readPublicKey } from '../keys/public-key.ts'
import { decodeGeneralNames } from '../names/general-names.ts'
import type { Name } from '../names/name.ts'
import type { SignatureCheck, SignatureVerdict, Verifier } from '../ports/verifier.ts'
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
  const { request, proof } = readWithProof(input)
  requireProof(checkSignature(proof))
  return request
}

/** The same, with the signature checked by `verifier`. */
export async function parseCertificateRequestWith(
  verifier: Verifier,
  input: Uint8Array,
): Promise<CertificateRequest> {
  const { request, proof } = readWithProof(input)
  requireProof(await verifier.verify(proof))
  return request
}

function readWithProof(input: Uint8Array): { request: CertificateRequest; proof: SignatureCheck } {
  const der = ownBytes(input)
  const { publicKey, names, commonName, ...parts } = asRequest(() => readRequest(der))
  const { type: keyType, spki } = publicKey
  if (!parts.isSignedAsDue) {
    const { digest } = keyAlgorithms[keyType]
    const advice = digest === null ? '' : `; sign it with ${digest}`
    throw csrInvalid(`its signature algorithm is not the one of ${keyType} keys${advice}`)
  }
  return {
    request: { der, publicKey, names, ...(commonName === undefined ? {} : { commonName }) },
    proof: { keyType, spki, message: parts.info, signature: parts.signature, form: 'certificate' },
  }
}

function requireProof(verdict: SignatureVerdict): void {
  if (verdict === 'signed') return
  if (verdict === 'key-invalid') throw csrInvalid(keyInvalid().message)
  throw new MayflyError(
    'proof-of-possession-failed',
    'The certificate request is not signed by the key it holds.',
  )
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
  /** Whether it is the one that keys of this type sign with. */
  readonly isSignedAsDue: boolean
  readonly signature: Uint8Array
}

function readRequest(der: Uint8Array): RequestParts {
  const cursor = new DerCursor(der, requestBytesMax)
  const outside = cursor.enter()
  const infoStart = cursor.position
  const request = cursor.enter()
  // RFC 2986 4.1: version 1 is written as 0.
  if (!cursor.takeIf(version1)) throw csrInvalid('its version is not 1')
  const commonName = cursor.takeIf(emptySubject) ? undefined : commonNameOf(cursor.take())
  const publicKey = readPublicKey(cursor.take())
  const names = cursor.takeIf(noAttributes) ? [] : readAttributes(cursor.take(contextTagConstructed(0)))
  cursor.leave(request)
  const info = der.subarray(infoStart, cursor.position)
  const isSignedAsDue = cursor.takeIf(signatureAlgorithmOf(publicKey.type))
  if (!isSignedAsDue) parseDer(cursor.take())
  const signature = bitStringBytesOf(parseDer(cursor.take(derTags.bitString)))
  cursor.leave(outside)
  cursor.end()
  return { info, publicKey, commonName, names, isSignedAsDue, signature }
}

const version1 = encodeSmallInteger(0)
const emptySubject = encodeSequence()
const noAttributes = encodeContextConstructed(0)

function commonNameOf(subject: Uint8Array): string | undefined {
  return parseDistinguishedName(subject).commonName
}

function readAttributes(attributes: Uint8Array): Name[] {
  const [first, second] = parseDer(attributes).children
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
