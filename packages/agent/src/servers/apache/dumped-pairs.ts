import { resolve } from 'node:path'

/** A certificate file with the file of its key, as Apache's configuration names them. */
export interface CertificatePair {
  readonly certificate: string
  readonly key: string
}

interface Block {
  readonly certificates: string[]
  readonly keys: string[]
}

/**
 * The pairs in what `apache2 -t -D DUMP_CONFIG -D DUMP_RUN_CFG` prints: the whole configuration, with its files
 * included and its variables replaced, and then the folder that relative paths begin at.
 *
 * mod_ssl ties the n-th SSLCertificateFile of a server to its n-th SSLCertificateKeyFile; where there
 * is none, the key is in the certificate's file.
 */
export function dumpedPairs(dump: string): CertificatePair[] {
  const blocks: Block[] = [{ certificates: [], keys: [] }]
  const pairs: CertificatePair[] = []
  for (const line of dump.split('\n').map((text) => text.trim())) {
    if (/^<VirtualHost\b/i.test(line)) blocks.push({ certificates: [], keys: [] })
    else if (/^<\/VirtualHost>/i.test(line)) pairs.push(...pairsOf(blocks.pop()))
    else takeDirective(line, blocks.at(-1))
  }
  const all = [...blocks.flatMap(pairsOf), ...pairs]
  const [, root] = /^ServerRoot: "(.+)"$/m.exec(dump) ?? []
  if (root === undefined) return all
  return all.map(({ certificate, key }) => ({ certificate: below(root, certificate), key: below(root, key) }))
}

/** A token's key has a name that is no path (`pkcs11:…`). */
function below(root: string, path: string): string {
  return /^[a-z0-9]+:/i.test(path) ? path : resolve(root, path)
}

function takeDirective(line: string, block: Block | undefined): void {
  const [, directive = '', argument = ''] =
    /^(SSLCertificateFile|SSLCertificateKeyFile)\s+(.+)$/i.exec(line) ?? []
  if (directive === '') return
  const path = unquoted(argument)
  if (/^SSLCertificateFile$/i.test(directive)) block?.certificates.push(path)
  else block?.keys.push(path)
}

function unquoted(argument: string): string {
  const [, quote = '', inner = ''] = /^(["'])(.*)\1$/.exec(argument) ?? []
  return quote === '' ? argument : inner.replaceAll(`\\${quote}`, quote)
}

function pairsOf(block: Block | undefined): CertificatePair[] {
  const { certificates, keys } = block ?? { certificates: [], keys: [] }
  return certificates.map((certificate, index) => ({ certificate, key: keys[index] ?? certificate }))
}
