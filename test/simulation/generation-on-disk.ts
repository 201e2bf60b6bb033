import { createPrivateKey, X509Certificate } from 'node:crypto'
import { type FileSystem, type Instant, isMayflyError } from '@mayfly/ca-core'

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

/** OpenSSL reads them, as it does for a server. */
function judge([
  fullchain = '',
  key = '',
  cert = '',
  chain = '',
  bundle = '',
]: readonly string[]): GenerationOnDisk {
  try {
    const leaf = new X509Certificate(fullchain)
    if (cert + chain !== fullchain) return torn('fullchain.pem is not cert.pem and chain.pem')
    if (!leaf.checkPrivateKey(createPrivateKey(key))) return torn('key.pem is for another certificate')
    if (![chain, bundle].every(isAuthority)) return torn('the chain is no chain')
    const certificate = {
      serial: leaf.serialNumber.toLowerCase(),
      notBefore: leaf.validFromDate.getTime(),
      notAfter: leaf.validToDate.getTime(),
      chainPem: fullchain,
    }
    return { is: 'whole', certificate }
  } catch (error) {
    return torn(String(error))
  }
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
