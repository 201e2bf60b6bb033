import type { Certificate } from '../x509/certificate.ts'

/** The roots that a host trusts, numbered; a host only ever goes to a higher number. */
export interface TrustBundle {
  /** From 1. */
  readonly sequence: number
  /** The SPIFFE trust domain, such as `corp.example`. */
  readonly trustDomain: string
  /** At least one. */
  readonly roots: readonly Certificate[]
  /** SHA-256 in hex of the DER of each intermediate that must not be trusted any more. */
  readonly distrusted: readonly string[]
}

/** The `typ` of a signed bundle's header. */
export const bundleType = 'mayfly-bundle'

/** The old root and the new one during a change; a few more for mergers. */
export const bundleRootsMax = 16
/** Distrusted intermediates can be dropped once they have expired; ninety days bring few. */
export const bundleDistrustedMax = 1_024
/** Sixteen ML-DSA-87 roots as JWKs, the list of the distrusted, and base64url on top. */
export const bundleCharactersMax = 524_288

/** Whether two bundles say the same, sequence included. */
export function sameTrustBundle(a: TrustBundle, b: TrustBundle): boolean {
  return contentOf(a) === contentOf(b)
}

function contentOf({ sequence, trustDomain, roots, distrusted }: TrustBundle): string {
  return JSON.stringify([
    sequence,
    trustDomain,
    roots.map((root) => root.fingerprint).sort(),
    [...distrusted].sort(),
  ])
}
