import type { ErrorCode } from '../errors/error-catalogue.ts'
import { formatName, type Name } from '../names/name.ts'
import { anyNameCovers } from '../names/name-coverage.ts'
import { formatInstant, type Instant } from '../time/instant.ts'
import type { Certificate } from './certificate.ts'
import { isSignedBy } from './certificate-signature.ts'
import { isDistrusted } from './distrusted-certificate.ts'
import { namesForbidden } from './name-constraints.ts'

export interface ChainQuestion {
  /** Leaf first, each signed by the next; the root may be left out or be the last. */
  readonly chain: readonly Certificate[]
  readonly roots: readonly Certificate[]
  /** SHA-256 (lower-case hexadecimal) of certificates that are no longer trusted. */
  readonly distrusted: readonly string[]
  readonly now: Instant
  readonly purpose: 'server' | 'client' | 'any'
  /** Each must be covered by a name of the leaf. */
  readonly names?: readonly Name[]
}

export type ChainVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: ErrorCode; readonly reason: string }

/** Leaf, intermediate and root, with room for one more. */
export const chainDepthMax = 4

const trusted: ChainVerdict = { ok: true }

const purposes = { server: 'serverAuth', client: 'clientAuth' } as const

/**
 * Path validation (RFC 5280 6.1) over the chain in the order given, up to a root of `roots`: signatures,
 * validity, CA flags, path lengths, key usages, purposes along the chain, name constraints, distrust.
 * Fails closed: no roots, no trust.
 */
export function verifyChain(question: ChainQuestion): ChainVerdict {
  const { path, verdict: signatures } = completePath(question.chain, question.roots)
  if (!signatures.ok) return signatures
  const checks = [checkDistrust, checkValidity, checkAuthorities, checkPurposes, checkConstraints, checkNames]
  for (const check of checks) {
    const verdict = check(path, question)
    if (!verdict.ok) return verdict
  }
  return trusted
}

type Path = readonly Certificate[]

/** The chain with its root at the end, every signature verified. */
function completePath(chain: Path, roots: Path): { path: Path; verdict: ChainVerdict } {
  const path = [...chain, ...missingRoot(chain, roots)]
  return { path, verdict: checkPath(path, chain, roots) }
}

/** The root that signed the last certificate, unless the chain ends in a root already. */
function missingRoot(chain: Path, roots: Path): Certificate[] {
  const last = chain.at(-1)
  if (last === undefined || chain.length >= chainDepthMax || isOneOf(roots, last)) return []
  return roots.filter((root) => isSignedBy(last, root)).slice(0, 1)
}

/** Of a root that was found to have signed `chain`, the signature is not verified again. */
function checkPath(path: Path, chain: Path, roots: Path): ChainVerdict {
  const [leaf] = path
  const last = path.at(-1)
  if (roots.length === 0) return untrusted('there is no root to trust')
  if (leaf === undefined || last === undefined) return untrusted('the chain is empty')
  if (path.length > chainDepthMax) return untrusted(`the chain has more than ${chainDepthMax} certificates`)
  if (!isOneOf(roots, last)) return untrusted(`${show(last)} is not signed by a trusted root`)
  if (path.length < 2) return untrusted(`${show(leaf)} is a root, not a leaf`)
  for (const [certificate, issuer] of pairs(chain)) {
    if (!isSignedBy(certificate, issuer))
      return untrusted(`${show(certificate)} is not signed by ${show(issuer)}`)
  }
  return trusted
}

function isOneOf(certificates: Path, wanted: Certificate): boolean {
  return certificates.some(({ fingerprint }) => fingerprint === wanted.fingerprint)
}

function checkDistrust(path: Path, { distrusted }: ChainQuestion): ChainVerdict {
  const found = path.find((certificate) => isDistrusted(certificate, distrusted))
  return found === undefined ? trusted : untrusted(`${show(found)} is distrusted by the trust bundle`)
}

function checkValidity(path: Path, { now }: ChainQuestion): ChainVerdict {
  const future = path.find(({ notBefore }) => now < notBefore)
  if (future !== undefined)
    return outside(`${show(future)} is valid only from ${formatInstant(future.notBefore)}`)
  const past = path.find(({ notAfter }) => now > notAfter)
  return past === undefined ? trusted : outside(`${show(past)} expired at ${formatInstant(past.notAfter)}`)
}

/** RFC 5280 6.1.4 (k) to (n), and the leaf: an authority's certificate is nobody's server or client. */
function checkAuthorities(path: Path): ChainVerdict {
  const [leaf, ...authorities] = path
  if (leaf?.isCa === true) return untrusted(`${show(leaf)} is an authority, not a leaf`)
  for (const [between, authority] of authorities.entries()) {
    if (!authority.isCa) return untrusted(`${show(authority)} is no authority`)
    if (!authority.keyUsage.includes('keyCertSign'))
      return untrusted(`${show(authority)} may not sign certificates`)
    if (between > (authority.pathLength ?? Number.POSITIVE_INFINITY)) {
      return untrusted(
        `${show(authority)} allows ${authority.pathLength} authorities below it, and there are ${between}`,
      )
    }
  }
  return trusted
}

function checkPurposes(path: Path, { purpose }: ChainQuestion): ChainVerdict {
  const [leaf] = path
  if (leaf !== undefined && leaf.keyUsage.length > 0 && !leaf.keyUsage.includes('digitalSignature')) {
    return untrusted(`${show(leaf)} may not sign handshakes`)
  }
  if (purpose === 'any') return trusted
  const wanted = purposes[purpose]
  const other = path.find((certificate, depth) => !servesPurpose(certificate, wanted, depth === 0))
  return other === undefined ? trusted : untrusted(`${show(other)} is not for ${wanted}`)
}

/** An authority without purposes has all of them; a leaf must name its own. anyExtendedKeyUsage counts for neither. */
function servesPurpose(certificate: Certificate, wanted: string, isLeaf: boolean): boolean {
  if (certificate.extendedKeyUsage.length === 0) return !isLeaf
  return certificate.extendedKeyUsage.includes(wanted)
}

/** RFC 5280 6.1.3 (b) and (c): the constraints of each authority hold for every certificate below it. */
function checkConstraints(path: Path): ChainVerdict {
  for (const [depth, authority] of path.entries()) {
    if (authority.nameConstraints === undefined) continue
    for (const below of path.slice(0, depth)) {
      const [forbidden] = namesForbidden(authority.nameConstraints, below.names)
      if (forbidden !== undefined)
        return untrusted(`${show(authority)} does not allow the names: ${forbidden}`)
    }
  }
  return trusted
}

function checkNames([leaf]: Path, { names = [] }: ChainQuestion): ChainVerdict {
  const missing = names.find((name) => leaf === undefined || !anyNameCovers(leaf.names, name))
  if (missing === undefined) return trusted
  const held = leaf?.names.map(formatName).join(', ') ?? ''
  return {
    ok: false,
    code: 'name-mismatch',
    reason: `The certificate is not for ${formatName(missing)} but for ${held}.`,
  }
}

function pairs(path: Path): [Certificate, Certificate][] {
  return path.slice(1).map((issuer, i) => [path[i] as Certificate, issuer])
}

function untrusted(what: string): ChainVerdict {
  return { ok: false, code: 'chain-untrusted', reason: `The chain is not trusted: ${what}.` }
}

function outside(what: string): ChainVerdict {
  return {
    ok: false,
    code: 'certificate-expired',
    reason: `The certificate is outside its validity: ${what}.`,
  }
}

function show(certificate: Certificate): string {
  return certificate.subject === '' ? `the certificate ${certificate.serial}` : `"${certificate.subject}"`
}
