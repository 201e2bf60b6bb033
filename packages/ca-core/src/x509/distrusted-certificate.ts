import { parseDer } from '../der/der-element.ts'
import { encodeBitString, encodeSequence, encodeUnsignedInteger } from '../der/der-writer.ts'
import { sha256Hex } from '../keys/fingerprint.ts'
import type { Certificate } from './certificate.ts'

/** The orders of the curves, by the algorithm with which a root of ours signs (SEC 2, 2.4.2 and 2.5.1). */
const orderByAlgorithm: ReadonlyMap<string, bigint> = new Map([
  ['300a06082a8648ce3d040302', 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n],
  [
    '300a06082a8648ce3d040303',
    0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  ],
])

/**
 * Whether a certificate is on a list of fingerprints, in any form that still verifies.
 *
 * An ECDSA signature (r, s) is as good as (r, n − s): whoever holds the certificate can write it anew with the other
 * one, and so with another fingerprint, without the key that signed it.
 */
export function isDistrusted(certificate: Certificate, distrusted: readonly string[]): boolean {
  if (distrusted.length === 0) return false
  if (distrusted.includes(certificate.fingerprint)) return true
  const twin = knownTwin(certificate)
  return twin !== undefined && distrusted.includes(twin)
}

/** Of each certificate that was looked at: a root that is held and a chain that is proved are looked at again. */
const twins = new WeakMap<Certificate, { readonly fingerprint: string | undefined }>()

function knownTwin(certificate: Certificate): string | undefined {
  const known = twins.get(certificate)
  if (known !== undefined) return known.fingerprint
  const fingerprint = twinFingerprint(certificate)
  twins.set(certificate, { fingerprint })
  return fingerprint
}

/** Fingerprint of the same certificate with the other of its two signatures; undefined where there is only one. */
export function twinFingerprint({
  tbs,
  signatureAlgorithm,
  signature,
}: Pick<Certificate, 'tbs' | 'signatureAlgorithm' | 'signature'>): string | undefined {
  const order = orderByAlgorithm.get(Buffer.from(signatureAlgorithm).toString('hex'))
  if (order === undefined) return undefined
  const [r, s] = parseDer(signature).children
  if (r === undefined || s === undefined) return undefined
  const other = order - BigInt(`0x${Buffer.from(s.content).toString('hex')}`)
  if (other <= 0n) return undefined
  const hex = other.toString(16)
  const magnitude = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  const twin = encodeSequence(r.encoded, encodeUnsignedInteger(magnitude))
  const der = encodeSequence(tbs, signatureAlgorithm, encodeBitString(twin))
  return sha256Hex(der)
}
