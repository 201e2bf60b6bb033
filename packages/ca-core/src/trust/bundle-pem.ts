import type { TrustBundle } from './trust-bundle.ts'

/**
 * The roots as PEM, for programs that take a file of trusted certificates. Distrusted intermediates stand above them
 * as comments (RFC 7468 5.2), which the client library heeds; other programs know no such list.
 */
export function encodeTrustBundlePem({ roots, distrusted }: TrustBundle): string {
  const comments = distrusted.map((fingerprint) => `# distrusted: ${fingerprint}\n`)
  return comments.join('') + roots.map(({ pem }) => pem).join('')
}
