import { encodeCertificateChain, encodePrivateKey, encodeTrustBundlePem } from '@mayfly/ca-core'
import { type Format, publicText, secretText } from './format.ts'
import { leafOf } from './leaf.ts'

/** What almost every server reads. Written for each certificate, whatever else is asked for. */
export const pemSet: Format = (material) => {
  const leaf = leafOf(material)
  return [
    publicText('cert.pem', encodeCertificateChain([leaf])),
    publicText('chain.pem', encodeCertificateChain(material.chain.slice(1))),
    publicText('fullchain.pem', encodeCertificateChain([...material.chain])),
    secretText('key.pem', encodePrivateKey(material.keyPair)),
    publicText('bundle.pem', encodeTrustBundlePem(material.bundle)),
  ]
}
