import { encodeCertificateChain } from '../x509/parse-certificate.ts'
import type { TrustBundle } from './trust-bundle.ts'

/** The roots as PEM, for programs that take a file of trusted certificates. */
export function encodeTrustBundlePem(bundle: TrustBundle): string {
  return encodeCertificateChain([...bundle.roots])
}
