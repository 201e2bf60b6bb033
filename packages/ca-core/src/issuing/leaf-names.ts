import { MayflyError } from '../errors/mayfly-error.ts'
import { namesMax } from '../names/general-names.ts'
import type { Name } from '../names/name.ts'
import { isSpiffeName, isWorkloadId } from '../names/uri-name.ts'

/**
 * Whether a leaf can carry these names, so that an identity with others is refused when it is added,
 * and not at its first certificate. Throws `profile-violation`.
 */
export function checkLeafNames(identity: string, names: readonly Name[]): void {
  if (names.length === 0 || names.length > namesMax) {
    throw violation(identity, `it has ${names.length} names, and 1 to ${namesMax} fit in a certificate`)
  }
  const spiffeId = names.find(isSpiffeName)
  if (spiffeId === undefined) return
  // X.509-SVID 2: exactly one URI SAN.
  if (names.filter(({ type }) => type === 'uri').length > 1) {
    throw violation(identity, 'it has another URI besides its SPIFFE ID')
  }
  // X.509-SVID 3.1: the SPIFFE ID of a leaf has a path; without one it is the trust domain's own.
  if (!isWorkloadId(spiffeId)) throw violation(identity, `its SPIFFE ID ${spiffeId.value} has no path`)
}

/**
 * Whether the SPIFFE ID among the names, if there is one, is of this trust domain: whoever verifies one takes the
 * authorities of its own trust domain (X.509-SVID 5.2), and would refuse any other. Throws `names-not-allowed`.
 */
export function checkTrustDomain(identity: string, names: readonly Name[], trustDomain: string): void {
  const foreign = names.find(
    (name) => isSpiffeName(name) && !name.value.startsWith(`spiffe://${trustDomain}/`),
  )
  if (foreign === undefined) return
  throw new MayflyError(
    'names-not-allowed',
    `The identity ${identity} cannot have the SPIFFE ID ${foreign.value}: it is of another trust domain than ${trustDomain}, which is this issuer's.`,
  )
}

function violation(identity: string, what: string): MayflyError {
  return new MayflyError('profile-violation', `The identity ${identity} cannot have a certificate: ${what}.`)
}
