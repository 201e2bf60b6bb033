/** What OpenSSL says of a certificate, or of one above it, that only the time speaks against. */
const timeCodes: readonly unknown[] = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']

/** Whether a connection failed because of times in certificates. */
export function isAboutTime(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && [...timeCodes, 'certificate-expired'].includes(error.code)
  )
}
