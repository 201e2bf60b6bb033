import type { X509Certificate } from 'node:crypto'
import { formatPeerName } from '../names/peer-name.ts'
import { subjectAltNames } from '../names/subject-alt-names.ts'
import type { Instant } from '../options.ts'
import { TrustError } from '../trust-error.ts'
import { describeExpected, type ExpectedPeer, isExpected } from './expected-peer.ts'
import { type PeerIdentity, peerIdentityOf } from './peer-identity.ts'

export interface PeerRules {
  readonly expected: ExpectedPeer
  readonly now: Instant
  readonly maxLifetimeSeconds: number
}

export type PeerVerdict =
  | { readonly ok: true; readonly peer: PeerIdentity }
  | { readonly ok: false; readonly error: TrustError }

/**
 * What OpenSSL doesn't judge: how long a certificate was made to live, whether it still lives by
 * our clock, and whose it is. The chain, the signatures and the purpose were verified before.
 */
export function judgePeer(certificate: X509Certificate, rules: PeerRules): PeerVerdict {
  const notBefore = certificate.validFromDate.getTime()
  const notAfter = certificate.validToDate.getTime()
  const lifetimeSeconds = (notAfter - notBefore) / 1000
  // Written so that a date that can't be read (NaN) is refused too.
  if (!(lifetimeSeconds <= rules.maxLifetimeSeconds)) {
    return refuse('peer-lifetime-too-long', certificate, lifetimeMessage(lifetimeSeconds, rules))
  }
  if (!(rules.now < notAfter)) {
    return refuse('peer-certificate-expired', certificate, `expired at ${formatInstant(notAfter)}`)
  }
  if (rules.now < notBefore) {
    const message = `is valid from ${formatInstant(notBefore)} only; compare the clocks of both hosts`
    return refuse('peer-certificate-not-yet-valid', certificate, message)
  }
  return judgeNames(certificate, rules.expected)
}

function judgeNames(certificate: X509Certificate, expected: ExpectedPeer): PeerVerdict {
  const presented = subjectAltNames(certificate)
  if (isExpected(presented, expected)) return { ok: true, peer: peerIdentityOf(certificate) }
  const held = presented.map(formatPeerName).join(', ') || 'no name at all in its SAN'
  const code = expected.match === 'host' ? 'peer-name-mismatch' : 'peer-not-allowed'
  return refuse(code, certificate, `is for ${held}; expected was ${describeExpected(expected)}`)
}

function lifetimeMessage(lifetimeSeconds: number, rules: PeerRules): string {
  return (
    `was made to live ${lifetimeSeconds} seconds, over the ${rules.maxLifetimeSeconds} allowed here; ` +
    'give the peer a short-lived certificate or raise maxLifetimeSeconds'
  )
}

function refuse(code: TrustError['code'], certificate: X509Certificate, what: string): PeerVerdict {
  const serial = certificate.serialNumber.toLowerCase()
  const message = `The peer's certificate (serial ${serial}) ${what}`
  return { ok: false, error: new TrustError(code, message, { details: { serial } }) }
}

function formatInstant(instant: Instant): string {
  return Number.isFinite(instant) ? new Date(instant).toISOString() : 'a time that cannot be read'
}
