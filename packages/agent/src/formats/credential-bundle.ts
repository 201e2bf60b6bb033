import { encodeCertificateChain, encodePrivateKey } from '@mayfly/ca-core'
import { type Format, secretText } from './format.ts'

/**
 * The private key as PKCS #8, then the leaf, then its intermediate: the one-file form that SPIFFE's
 * workloads and Kubernetes pod certificates read.
 */
export const credentialBundle: Format = ({ chain, keyPair }) => [
  secretText('credential-bundle.pem', encodePrivateKey(keyPair) + encodeCertificateChain([...chain])),
]
