import {
  type Certificate,
  type ChainVerdict,
  type Instant,
  isMayflyError,
  isSignedBy,
  type Name,
  parseCertificate,
  parseCertificateChain,
  showCertificate,
  type TrustBundle,
  verifyChain,
  verifyIntermediateProfile,
} from '@mayfly/ca-core'
import { exitCodes } from '../errors/exit-codes.ts'
import type { JsonOf } from '../json/json-fields.ts'
import type { Answer } from '../terminal/answer.ts'
import { certificateToJson, describeCertificate } from './describe-certificate.ts'
import type { chainJson } from './inspect-json.ts'

export interface ChainQuestionAsked {
  readonly now: Instant
  /** What to verify against; absent means only to look. */
  readonly trust?: Pick<TrustBundle, 'roots' | 'distrusted'>
  readonly names?: readonly Name[]
}

type ChainJson = JsonOf<typeof chainJson>

/** Shows certificates that Mayfly may have made; those of others as text only. */
export async function describePem(pem: string, asked: ChainQuestionAsked): Promise<Answer<ChainJson>> {
  try {
    return describeChain(parseCertificateChain(pem), asked)
  } catch (error) {
    if (!isForeign(error) || asked.trust !== undefined) throw error
    const blocks = pem.match(/-----BEGIN[^-]*-----[^-]*-----END[^-]*-----/g) ?? []
    return describeForeign(await Promise.all(blocks.map(showCertificate)))
  }
}

/** The same for one certificate in DER. */
export async function describeDer(der: Uint8Array, asked: ChainQuestionAsked): Promise<Answer<ChainJson>> {
  try {
    return describeChain([parseCertificate(der)], asked)
  } catch (error) {
    if (!isForeign(error) || asked.trust !== undefined) throw error
    return describeForeign([await showCertificate(der)])
  }
}

/** Shows a chain, leaf first, and whether it is trusted where that was asked. */
export function describeChain(
  chain: readonly Certificate[],
  { now, trust, names }: ChainQuestionAsked,
): Answer<ChainJson> {
  const verdict = trust === undefined ? undefined : judge(chain, trust, now, names)
  return {
    json: {
      certificates: chain.map((certificate) => certificateToJson(certificate, now)),
      ...(verdict && { trust: verdict }),
    },
    lines: [
      ...chain.flatMap((certificate, index) => [
        ...(index > 0 ? [''] : []),
        ...describeCertificate(certificate, now),
      ]),
      ...(verdict === undefined ? [] : ['', describeVerdict(verdict)]),
    ],
    exitCode: verdict === undefined || verdict.ok ? 0 : exitCodes[verdict.code],
  }
}

function judge(
  chain: readonly Certificate[],
  trust: Pick<TrustBundle, 'roots' | 'distrusted'>,
  now: Instant,
  names: readonly Name[] | undefined,
): ChainVerdict {
  const [first] = chain
  if (first?.isCa) return judgeAuthority(first, trust, now)
  return verifyChain({ chain, ...trust, now, purpose: 'any', ...(names !== undefined && { names }) })
}

/** Roots and intermediates end no chain, so they are held against the bundle themselves. */
function judgeAuthority(
  authority: Certificate,
  { roots, distrusted }: Pick<TrustBundle, 'roots' | 'distrusted'>,
  now: Instant,
): ChainVerdict {
  if (roots.some(({ fingerprint }) => fingerprint === authority.fingerprint)) return { ok: true }
  if (distrusted.includes(authority.fingerprint)) {
    return { ok: false, code: 'chain-untrusted', reason: 'the bundle distrusts it' }
  }
  const root = roots.find((candidate) => isSignedBy(authority, candidate))
  if (root === undefined) {
    return { ok: false, code: 'chain-untrusted', reason: 'it is not signed by a root of the bundle' }
  }
  try {
    verifyIntermediateProfile(authority, { root, now })
    return { ok: true }
  } catch (error) {
    if (!isMayflyError(error)) throw error
    return { ok: false, code: error.code, reason: error.message }
  }
}

function describeVerdict(verdict: ChainVerdict): string {
  return verdict.ok
    ? 'It is trusted by the bundle.'
    : `It is not trusted: ${verdict.reason} (${verdict.code})`
}

function isForeign(error: unknown): boolean {
  return (['certificate-invalid', 'key-weak', 'key-type-unsupported'] as const).some((code) =>
    isMayflyError(error, code),
  )
}

function describeForeign(texts: readonly string[]): Answer<ChainJson> {
  return {
    json: { certificates: texts.map((text) => ({ type: 'foreign-certificate' as const, text })) },
    lines: ['This is no certificate of Mayfly:', '', ...texts],
  }
}
