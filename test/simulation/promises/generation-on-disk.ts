import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import { type Certificate, type FileSystem, type Instant, parseCertificateChain } from '@mayfly/ca-core'

/** What a server holds after it has read its files. */
export interface ServedCertificate {
  readonly serial: string
  readonly notBefore: Instant
  readonly notAfter: Instant
  readonly chainPem: string
}

export type GenerationOnDisk =
  | { readonly is: 'whole'; readonly certificate: ServedCertificate }
  | { readonly is: 'absent' }
  | { readonly is: 'torn'; readonly because: string }

const spkiDer = { type: 'spki', format: 'der' } as const
/** More than any of them has. */
const fileBytesMax = 1_048_576
const names = ['fullchain.pem', 'key.pem', 'cert.pem', 'chain.pem', 'bundle.pem'] as const

/** Reads what lies behind the live link as a server would, and looks whether it belongs together. */
export async function readGeneration(fileSystem: FileSystem, folder: string): Promise<GenerationOnDisk> {
  const target = await fileSystem.readLink(folder)
  if (target === undefined) return { is: 'absent' }
  const present = await fileSystem.readFolder(resolve(dirname(folder), target), names, fileBytesMax)
  const contents: Uint8Array[] = []
  for (const name of names) {
    const content = present?.get(name)?.content
    if (content === undefined) return { is: 'torn', because: `${name} is missing` }
    contents.push(content)
  }
  const [fullchain] = contents as [Uint8Array, ...Uint8Array[]]
  const known = judged.get(fullchain)
  if (known?.contents.every((content, index) => content === contents[index])) return known.verdict
  const verdict = judge(contents.map(textOf))
  judged.set(fullchain, { contents, verdict })
  return verdict
}

/**
 * The same files are looked at again and again. A virtual disk gives the very bytes that it holds, and puts others in
 * their place where something is written: the same ones need not be judged anew.
 */
const judged = new WeakMap<Uint8Array, { contents: readonly Uint8Array[]; verdict: GenerationOnDisk }>()

/** So many of 256 are read by OpenSSL too, as it does for a server. */
const opensslShare = 32

function judge(texts: readonly string[]): GenerationOnDisk {
  const [fullchain = '', key = '', cert = '', chain = '', bundle = ''] = texts
  try {
    const [leaf] = parseCertificateChain(fullchain)
    if (leaf === undefined || cert + chain !== fullchain) {
      return torn('fullchain.pem is not cert.pem and chain.pem')
    }
    const spki = createPublicKey(createPrivateKey(key)).export(spkiDer)
    if (Buffer.compare(spki, leaf.publicKey.spki) !== 0) return torn('key.pem is for another certificate')
    if (![chain, bundle].every(isAuthority)) return torn('the chain is no chain')
    const { serial, notBefore, notAfter } = leaf
    if (Number.parseInt(serial.slice(-2), 16) < opensslShare && !isSameToOpenssl(leaf, key)) {
      return torn('OpenSSL reads something else')
    }
    return { is: 'whole', certificate: { serial, notBefore, notAfter, chainPem: fullchain } }
  } catch (error) {
    return torn(String(error))
  }
}

function isSameToOpenssl({ pem, serial, notBefore, notAfter }: Certificate, key: string): boolean {
  const leaf = new X509Certificate(pem)
  return (
    leaf.serialNumber.toLowerCase() === serial &&
    leaf.validFromDate.getTime() === notBefore &&
    leaf.validToDate.getTime() === notAfter &&
    leaf.checkPrivateKey(createPrivateKey(key))
  )
}

/** The same few authorities stand in all generations. */
const authorities = new Set<string>()

function isAuthority(pem: string): boolean {
  if (authorities.has(pem)) return true
  const { ca } = new X509Certificate(pem)
  if (ca) authorities.add(pem)
  return ca
}

function torn(because: string): GenerationOnDisk {
  return { is: 'torn', because }
}

function textOf(content: Uint8Array): string {
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString()
}
