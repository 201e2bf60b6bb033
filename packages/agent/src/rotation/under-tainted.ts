import { isMayflyError, parseCertificateChain } from '@mayfly/ca-core'
import type { HeldBundle } from '../state/held-bundle.ts'

/**
 * Whether a chain, leaf first, leads through an intermediate that the issuer says is tainted. What can't be read is
 * under none: `checkCertificate` says what is wrong with it, and counts it.
 */
export function isUnderTainted(chainPem: string, { tainted = [] }: HeldBundle): boolean {
  if (tainted.length === 0) return false
  try {
    const [, ...intermediates] = parseCertificateChain(chainPem)
    return intermediates.some(({ fingerprint }) => tainted.includes(fingerprint))
  } catch (error) {
    if (isMayflyError(error)) return false
    throw error
  }
}
