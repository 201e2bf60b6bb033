import { encodeCertificateChain, encodePrivateKey } from '@mayfly/ca-core'
import { type Format, secretText } from './format.ts'

/** Key and chain in one file, which one open reads whole: HAProxy, Hitch, stunnel, PostgreSQL clients. */
export const combined: Format = ({ chain, keyPair }) => [
  secretText('combined.pem', encodePrivateKey(keyPair) + encodeCertificateChain([...chain])),
]
