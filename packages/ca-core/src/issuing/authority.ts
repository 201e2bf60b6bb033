import type { Signer } from '../ports/signer.ts'
import type { Certificate } from '../x509/certificate.ts'

/** A key with the certificate that lets it sign. */
export interface Authority {
  readonly certificate: Certificate
  /** What is sent after a leaf: the intermediate first, the root left out. */
  readonly chain: readonly Certificate[]
  readonly signer: Signer
}
