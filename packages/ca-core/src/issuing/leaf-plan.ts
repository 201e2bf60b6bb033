import { MayflyError } from '../errors/mayfly-error.ts'
import type { PublicKey } from '../keys/public-key.ts'
import { formatName, type Name } from '../names/name.ts'
import { addSeconds, formatInstant, type Instant, secondMs } from '../time/instant.ts'
import type { Certificate } from '../x509/certificate.ts'
import { fitsCommonName } from '../x509/distinguished-name.ts'
import { namesForbidden } from '../x509/name-constraints.ts'
import { checkLeafNames } from './leaf-names.ts'
import type { LeafParts } from './leaf-template.ts'
import { backdateSeconds, leafLifetimeSecondsMax, leafLifetimeSecondsMin } from './lifetimes.ts'
import { isSerial } from './serial.ts'

/** What a leaf is to be made from. The names are the policy's, never a request's. */
export interface LeafOrder {
  readonly identity: { readonly name: string; readonly names: readonly Name[] }
  readonly publicKey: PublicKey
  /** From `drawSerial`. */
  readonly serial: string
  readonly now: Instant
  /** 10 s to 24 h. What is left after backdating and the issuer's own end may be less. */
  readonly lifetimeSeconds: number
}

/**
 * Decides what the leaf says. Throws `authority-expired`, `clock-wrong`, `names-not-allowed`,
 * `profile-violation` or `key-reused`; `TypeError` for a serial or lifetime that no caller should give.
 */
export function decideLeaf(order: LeafOrder, issuer: Certificate): LeafParts {
  const { identity, publicKey, serial } = order
  if (!isSerial(serial)) throw new TypeError('the serial is not one from drawSerial')
  if (publicKey.hash === issuer.publicKey.hash) {
    throw new MayflyError('key-reused', "The request is for the issuer's own key.")
  }
  checkLeafNames(identity.name, identity.names)
  checkConstraints(identity.name, identity.names, issuer)
  const { notBefore, notAfter } = validity(order, issuer)
  return {
    serial,
    notBefore,
    notAfter,
    commonName: commonNameOf(identity.names),
    names: identity.names,
    publicKey,
  }
}

/**
 * The first DNS name, where it fits. Without one there is no common name: where the SAN has no DNS name, OpenSSL, GnuTLS
 * and NSS hold the common name against DNS constraints (RFC 6125 6.4.4), and refuse an address there under any of them.
 */
function commonNameOf(names: readonly Name[]): string | undefined {
  const name = names.find(({ type }) => type === 'dns')
  return name !== undefined && fitsCommonName(name.value) ? name.value : undefined
}

/** RFC 5280 4.2.1.10, asked before anything is signed. */
function checkConstraints(identity: string, names: readonly Name[], issuer: Certificate): void {
  const forbidden = issuer.nameConstraints === undefined ? [] : namesForbidden(issuer.nameConstraints, names)
  if (forbidden.length === 0) return
  throw new MayflyError(
    'names-not-allowed',
    `The intermediate may not certify the identity ${identity}: ${forbidden.join('; ')}.`,
    { details: { names: names.map(formatName) } },
  )
}

function validity(
  { now, lifetimeSeconds }: LeafOrder,
  issuer: Certificate,
): { notBefore: Instant; notAfter: Instant } {
  if (!(lifetimeSeconds >= leafLifetimeSecondsMin && lifetimeSeconds <= leafLifetimeSecondsMax)) {
    throw new TypeError('a leaf lives 10 seconds to 24 hours')
  }
  const notBefore = wholeSecond(addSeconds(now, -backdateSeconds))
  const latest = addSeconds(notBefore, leafLifetimeSecondsMax)
  const notAfter = wholeSecond(Math.min(addSeconds(now, lifetimeSeconds), latest, issuer.notAfter))
  if (now < issuer.notBefore) {
    const from = formatInstant(issuer.notBefore)
    throw new MayflyError(
      'clock-wrong',
      `The intermediate is valid only from ${from}; look at the clock of the issuer.`,
    )
  }
  if (notAfter < addSeconds(now, leafLifetimeSecondsMin - 1)) {
    const until = formatInstant(issuer.notAfter)
    throw new MayflyError('authority-expired', `The intermediate expires at ${until}; install a new one.`)
  }
  return { notBefore, notAfter }
}

/** RFC 5280 4.1.2.5: times are to the second; cut down, so that no life grows by it. */
function wholeSecond(instant: Instant): Instant {
  return Math.floor(instant / secondMs) * secondMs
}
