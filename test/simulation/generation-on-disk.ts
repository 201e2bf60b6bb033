import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import {
  type Certificate,
  type FileSystem,
  type Instant,
  isMayflyError,
  parseCertificateChain,
} from '@mayfly/ca-core'

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
const names = ['fullchain.pem', 'key.pem', 'cert.pem', 'chain.pem', 'bundle.pem'] as const

/** Reads what lies behind the live link as a server would, and looks whether it belongs together. */
export async function readGeneration(fileSystem: FileSystem, folder: string): Promise<GenerationOnDisk> {
  if ((await fileSystem.readLink(folder)) === undefined) return { is: 'absent' }
  const texts: string[] = []
  for (const name of names) {
    const text = await readText(fileSystem, `${folder}/${name}`)
    if (text === undefined) return { is: 'torn', because: `${name} is missing` }
    texts.push(text)
  }
  const seen = texts.join('')
  const known = judged.get(seen)
  if (known !== undefined) return known
  const verdict = judge(texts)
  if (judged.size >= judgedMax) judged.clear()
  judged.set(seen, verdict)
  return verdict
}

/** The same files are looked at again and again. */
const judged = new Map<string, GenerationOnDisk>()
const judgedMax = 2_000

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

async function readText(fileSystem: FileSystem, path: string): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await fileSystem.readFile(path))
  } catch (error) {
    if (isMayflyError(error, 'file-missing')) return undefined
    throw error
  }
}
