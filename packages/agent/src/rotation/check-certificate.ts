import {
  type Certificate,
  formatInstant,
  formatName,
  hourMs,
  type Instant,
  isMayflyError,
  MayflyError,
  minuteMs,
  type Name,
  parseCertificateChain,
  sameName,
  type TrustBundle,
  verifyChain,
} from '@mayfly/ca-core'
import type { Credential } from '../state/credential.ts'

/** A leaf lives a day at most; an hour for what clocks and rounding do. The client library refuses longer ones too. */
const lifetimeMsMax = 25 * hourMs
/** A certificate from further ahead is not a slow clock here but a wrong one there. */
const earlyMsMax = 24 * hourMs
/** How much older than the one before a newer certificate may seem, where issuers' clocks differ. */
const orderToleranceMs = 5 * minuteMs
/** A leaf and its intermediate, with room for one more on the way. */
const chainLengthMax = 3

export interface AnswerExpectations {
  readonly keyPem: string
  /** Of the key that the certificate must be for. */
  readonly keyHash: string
  readonly profile: 'server' | 'client' | 'peer'
  readonly names: readonly Name[]
  readonly bundle: TrustBundle
  readonly now: Instant
  /** The certificate that it is to follow, if there is one. */
  readonly before?: Credential
}

/**
 * Looks at a certificate that an issuer answered with, before anything is done with it.
 * A certificate that is not valid yet passes: a host whose clock is behind waits for it.
 *
 * @throws MayflyError `answer-invalid`, or `certificate-expired` where only its time is over
 */
export function checkCertificate(chainPem: string, expected: AnswerExpectations): Credential {
  const chain = parseAnswer(chainPem)
  const [leaf] = chain
  if (leaf === undefined) throw refused('it is empty')
  if (leaf.publicKey.hash !== expected.keyHash) throw refused('its certificate is for another key')
  checkTimes(leaf, expected.now)
  checkTrust(chain, leaf, expected)
  checkNames(leaf, expected.names)
  if (expected.before !== undefined) checkOrder(leaf, expected.before)
  const { serial, notBefore, notAfter } = leaf
  return { serial, chainPem, keyPem: expected.keyPem, notBefore, notAfter }
}

function parseAnswer(chainPem: string): readonly Certificate[] {
  try {
    const chain = parseCertificateChain(chainPem)
    if (chain.length <= chainLengthMax) return chain
  } catch (cause) {
    if (!isMayflyError(cause)) throw cause
    throw refused(`it is no chain of certificates (${cause.message})`)
  }
  throw refused(`its chain is longer than ${chainLengthMax}`)
}

function checkTimes(leaf: Certificate, now: Instant): void {
  const { notBefore, notAfter } = leaf
  if (notAfter <= now) {
    throw new MayflyError(
      'certificate-expired',
      `the certificate expired at ${formatInstant(notAfter)}, before it came`,
    )
  }
  if (notAfter - notBefore > lifetimeMsMax) throw refused('its certificate is made to live longer than a day')
  if (notBefore > now + earlyMsMax) {
    throw refused(
      `its certificate begins only at ${formatInstant(notBefore)}; compare the clocks of the issuer and this host`,
    )
  }
}

function checkTrust(
  chain: readonly Certificate[],
  leaf: Certificate,
  { bundle, profile, now }: AnswerExpectations,
): void {
  for (const purpose of purposes[profile]) {
    const verdict = verifyChain({
      chain: [...chain],
      roots: [...bundle.roots],
      distrusted: [...bundle.distrusted],
      now: Math.max(now, leaf.notBefore),
      purpose,
    })
    if (!verdict.ok) throw refused(`its chain does not hold: ${verdict.reason}`)
  }
}

const purposes = { server: ['server'], client: ['client'], peer: ['server', 'client'] } as const

function checkNames(leaf: Certificate, names: readonly Name[]): void {
  const missing = names.filter((name) => !leaf.names.some((other) => sameName(name, other)))
  if (missing.length === 0) return
  throw refused(
    `its certificate lacks ${missing.map(formatName).join(', ')}; if that is meant, set \`names\` in agent.yaml to what it should carry`,
  )
}

function checkOrder(leaf: Certificate, before: Credential): void {
  if (leaf.serial === before.serial) throw refused('its certificate is the one that is there already')
  if (leaf.notBefore < before.notBefore - orderToleranceMs) {
    throw refused('its certificate is older than the one that it should follow')
  }
}

function refused(reason: string): MayflyError {
  return new MayflyError('answer-invalid', `the issuer's answer is refused: ${reason}`)
}
