import { hkdfSync } from 'node:crypto'
import { MayflyError } from '@mayfly/ca-core'
import type { Format, FormatOptions } from './format.ts'
import { leafOf } from './leaf.ts'
import type { Material } from './material.ts'
import { encodePkcs12 } from './pkcs12.ts'

/** The name of the one key in the store, which Java calls its alias. */
const keyAlias = 'mayfly'

/**
 * `keystore.p12` with the key and its chain, and `truststore.p12` with the roots, for programs that
 * read nothing else (Java, Windows). Both open with the same password.
 */
export const pkcs12Stores: Format = async (material, options) => {
  const password = passwordOf(options)
  refuseUnreadableKeys(material)
  const leaf = leafOf(material)
  const key = new Uint8Array(material.keyPair.privateKey.export({ type: 'pkcs8', format: 'der' }))
  const keystore = await encodePkcs12({
    key: { pkcs8: key, alias: keyAlias, certificate: leaf.der },
    certificates: material.chain.slice(1).map(({ der }) => ({ der })),
    password,
    salt: saltsOf(key, 'keystore'),
  })
  const truststore = await encodePkcs12({
    certificates: material.bundle.roots.map(({ der }, index) => ({
      der,
      trustedAs: `mayfly-root-${index + 1}`,
    })),
    password,
    salt: saltsOf(key, `truststore ${material.bundle.sequence}`),
  })
  return [
    { name: 'keystore.p12', content: keystore, secret: true },
    { name: 'truststore.p12', content: truststore, secret: false },
  ]
}

/** Printable ASCII: what Java and OpenSSL make of anything else differs. */
function passwordOf({ keystorePassword }: FormatOptions): string {
  const password = new TextDecoder().decode(keystorePassword ?? new Uint8Array())
  if (/^[\x20-\x7e]+$/.test(password)) return password
  throw new MayflyError(
    'config-invalid',
    'The format pkcs12 needs a file that holds a password for the stores, in printable ASCII.',
  )
}

function refuseUnreadableKeys({ keyPair }: Material): void {
  if (!keyPair.type.startsWith('ml-dsa')) return
  throw new MayflyError(
    'key-type-unsupported',
    `No program opens a PKCS #12 store with an ${keyPair.type} key yet. Leave pkcs12 out of the formats or use an EC key.`,
  )
}

/**
 * Salts must differ from store to store (RFC 8018 4.1). The key is new at every rotation, so salts
 * derived from it do, and a store can be written again with the same bytes.
 */
function saltsOf(key: Uint8Array, store: string): (purpose: string, bytes: number) => Uint8Array {
  return (purpose, bytes) => new Uint8Array(hkdfSync('sha256', key, '', `mayfly ${store} ${purpose}`, bytes))
}
