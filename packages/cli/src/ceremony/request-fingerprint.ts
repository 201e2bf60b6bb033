import { type CertificateRequest, formatFingerprint, MayflyError, parseFingerprint } from '@mayfly/ca-core'

/**
 * Compares a fingerprint that came another way than the request with that of the request's key.
 *
 * @throws MayflyError `fingerprint-mismatch`
 */
export function requireFingerprint(request: CertificateRequest, expected: string): void {
  const fingerprint = parseFingerprint(expected)
  if (fingerprint === request.publicKey.hash) return
  throw new MayflyError(
    'fingerprint-mismatch',
    [
      'The request is not the one that was expected. Nothing was signed.',
      `  expected  ${formatFingerprint(fingerprint)}`,
      `  found     ${formatFingerprint(request.publicKey.hash)}`,
      'Compare with what `mayfly issuer init` printed on the issuer host.',
    ].join('\n'),
    { details: { expected: fingerprint, found: request.publicKey.hash } },
  )
}

/** What a person must look at before signing. */
export function describeRequest({ publicKey, commonName, names }: CertificateRequest): [string, string][] {
  return [
    ['Subject', commonName === undefined ? '(none)' : `CN=${commonName}`],
    ['Names', names.length === 0 ? '(none)' : names.map(({ type, value }) => `${type}:${value}`).join(', ')],
    ['Key type', publicKey.type],
    ['SHA-256 of the key', formatFingerprint(publicKey.hash)],
  ]
}
