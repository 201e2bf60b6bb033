import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { Instant } from '../options.ts'
import { TrustError } from '../trust-error.ts'
import { certificateBlocks } from './pem-blocks.ts'

/** This side's certificate with its chain and key, matched. */
export interface OwnCertificate {
  readonly path: string
  readonly fullchainPem: string
  readonly keyPem: string
  /** Lower-case hex. */
  readonly serial: string
  readonly notBefore: Instant
  readonly notAfter: Instant
}

export interface PemFile {
  readonly path: string
  readonly text: string
}

/** Throws `certificate-invalid`, `key-invalid` or `key-mismatch`. */
export function parseOwnCertificate(fullchain: PemFile, key: PemFile): OwnCertificate {
  const leaf = parseLeaf(fullchain)
  if (!leaf.checkPrivateKey(parseKey(key))) {
    const message = `The key ${key.path} does not belong to the certificate ${fullchain.path}; install both of one generation.`
    throw new TrustError('key-mismatch', message, { details: { path: key.path } })
  }
  return {
    path: fullchain.path,
    fullchainPem: fullchain.text,
    keyPem: key.text,
    serial: leaf.serialNumber.toLowerCase(),
    notBefore: leaf.validFromDate.getTime(),
    notAfter: leaf.validToDate.getTime(),
  }
}

/** Throws when the certificate can't be used at `now`, so that nobody has to read a TLS alert. */
export function requireValid(own: OwnCertificate, now: Instant): void {
  const details = { path: own.path, serial: own.serial }
  if (!(now < own.notAfter)) {
    const message = `This host's own certificate ${own.path} expired at ${formatInstant(own.notAfter)}; is the agent running? Try: mayfly agent status`
    throw new TrustError('own-certificate-expired', message, { details })
  }
  if (!(now >= own.notBefore)) {
    const message = `This host's own certificate ${own.path} is valid from ${formatInstant(own.notBefore)} only; is the clock right?`
    throw new TrustError('own-certificate-not-yet-valid', message, { details })
  }
}

/** The first certificate, after every one in the chain was read and each found signed by the next. */
function parseLeaf({ path, text }: PemFile): X509Certificate {
  const chain = (certificateBlocks(text) ?? []).map((block) => parseCertificate(block, path))
  const [leaf] = chain
  if (leaf === undefined) throw invalid(path, 'holds no certificate, or something else beside certificates')
  chain.forEach((certificate, index) => {
    const issuer = chain[index + 1]
    if (issuer !== undefined && !certificate.verify(issuer.publicKey)) {
      throw invalid(path, `is no chain: certificate ${index + 1} is not signed by the next`)
    }
  })
  return leaf
}

function parseCertificate(block: string, path: string): X509Certificate {
  try {
    return new X509Certificate(block)
  } catch (cause) {
    throw invalid(path, 'has a certificate that cannot be read', cause)
  }
}

function parseKey({ path, text }: PemFile): KeyObject {
  try {
    return createPrivateKey(text)
  } catch {
    // The cause is dropped: nothing that was read from a key file goes into an error.
    const message = `The key ${path} cannot be read as an unencrypted PEM private key; install it again.`
    throw new TrustError('key-invalid', message, { details: { path } })
  }
}

function invalid(path: string, what: string, cause?: unknown): TrustError {
  return new TrustError('certificate-invalid', `The certificate ${path} ${what}; install it again.`, {
    details: { path },
    cause,
  })
}

function formatInstant(instant: Instant): string {
  return Number.isFinite(instant) ? new Date(instant).toISOString() : 'a time that cannot be read'
}
