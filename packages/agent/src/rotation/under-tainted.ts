import { parseCertificateChain } from '@mayfly/ca-core'
import type { HeldBundle } from '../state/held-bundle.ts'

/** Whether a chain, leaf first, leads through an intermediate that the issuer says is tainted. */
export function isUnderTainted(chainPem: string, { tainted = [] }: HeldBundle): boolean {
  if (tainted.length === 0) return false
  const [, ...intermediates] = parseCertificateChain(chainPem)
  return intermediates.some(({ fingerprint }) => tainted.includes(fingerprint))
}
