import { encodePrivateKey, encodeTrustBundlePem } from '@mayfly/ca-core'
import { type Format, publicText, secretText } from './format.ts'
import { leafOf } from './leaf.ts'

/** What almost every server reads. Written for each certificate, whatever else is asked for. */
export const pemSet: Format = (material) => {
  const leaf = leafOf(material)
  const chain = material.chain.slice(1).map(({ pem }) => pem)
  return [
    publicText('cert.pem', leaf.pem),
    publicText('chain.pem', chain.join('')),
    publicText('fullchain.pem', leaf.pem + chain.join('')),
    secretText('key.pem', encodePrivateKey(material.keyPair)),
    publicText('bundle.pem', encodeTrustBundlePem(material.bundle)),
  ]
}
