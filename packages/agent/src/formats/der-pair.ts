import type { Format } from './format.ts'
import { leafOf } from './leaf.ts'

/** The leaf and its PKCS #8 key, each as plain DER. */
export const derPair: Format = (material) => {
  const key = material.keyPair.privateKey.export({ type: 'pkcs8', format: 'der' })
  return [
    { name: 'cert.der', content: leafOf(material).der, secret: false },
    { name: 'key.der', content: new Uint8Array(key), secret: true },
  ]
}
