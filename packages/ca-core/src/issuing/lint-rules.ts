import { oids } from '../der/oids.ts'
import { formatName } from '../names/name.ts'
import { isSpiffeId } from '../names/uri-name.ts'
import { secondMs } from '../time/instant.ts'
import type { Certificate } from '../x509/certificate.ts'
import { fitsCommonName } from '../x509/distinguished-name.ts'
import { keyIdOf } from '../x509/key-identifier.ts'
import { leavesAddressesOpen, namesForbidden } from '../x509/name-constraints.ts'
import {
  intermediateLifetimeSeconds,
  leafLifetimeSecondsMax,
  leafLifetimeSecondsMin,
  rootLifetimeYears,
} from './lifetimes.ts'
import { type ProfileName, profiles, svidExtendedKeyUsage } from './profile.ts'
import { isSerial } from './serial.ts'

export interface LintFinding {
  readonly rule: string
  readonly message: string
}

export type LintSubject =
  | { readonly kind: 'root' }
  | { readonly kind: 'intermediate'; readonly issuer?: Certificate }
  | { readonly kind: 'leaf'; readonly profile: ProfileName; readonly issuer?: Certificate }

export interface LintRule {
  readonly rule: string
  readonly cites: string
  /** What is wrong, or `undefined`. */
  check(certificate: Certificate): string | undefined
}

/** The rules of the profile table for one kind of certificate. */
export function lintRules(subject: LintSubject): readonly LintRule[] {
  switch (subject.kind) {
    case 'root':
      return [...everyRules, ...authorityRules, ...rootRules]
    case 'intermediate':
      return [...everyRules, ...authorityRules, ...intermediateRules, ...issuerRules(subject.issuer)]
    case 'leaf':
      return [...everyRules, ...leafRules(subject.profile), ...issuerRules(subject.issuer)]
  }
}

const everyRules: readonly LintRule[] = [
  rule('serial', 'RFC 5280 4.1.2.2', ({ serial }) =>
    isSerial(serial) ? undefined : 'the serial number is not 16 positive octets',
  ),
  rule('whole-seconds', 'RFC 5280 4.1.2.5', ({ notBefore, notAfter }) =>
    notBefore < notAfter ? undefined : 'the validity is empty',
  ),
  rule('subject-key-id', 'RFC 5280 4.2.1.2, RFC 7093 2', ({ subjectKeyId, publicKey }) =>
    subjectKeyId === keyIdOf(publicKey)
      ? undefined
      : 'the subject key identifier is missing or not the one of the key',
  ),
  criticality('subject-key-id-plain', 'RFC 5280 4.2.1.2', oids.subjectKeyIdentifier, false),
  criticality('basic-constraints-critical', 'RFC 5280 4.2.1.9', oids.basicConstraints, true),
  criticality('key-usage-critical', 'RFC 5280 4.2.1.3', oids.keyUsage, true),
  rule('only-known-extensions', 'profile table', ({ extensions }) => {
    const known: readonly string[] = Object.values(oids)
    const other = extensions.find(({ oid }) => !known.includes(oid))
    return other === undefined ? undefined : `the extension ${other.oid} is in no profile`
  }),
]

const authorityRules: readonly LintRule[] = [
  rule('ca', 'RFC 5280 4.2.1.9', ({ isCa }) => (isCa ? undefined : 'it is no CA')),
  rule('ca-key-usage', 'RFC 5280 4.2.1.3', ({ keyUsage }) =>
    sameList(keyUsage, ['keyCertSign', 'cRLSign'])
      ? undefined
      : 'its key usage is not keyCertSign and cRLSign',
  ),
  rule('ca-common-name', 'RFC 5280 4.1.2.6', ({ commonName }) =>
    commonName !== undefined && fitsCommonName(commonName) ? undefined : 'its subject has no common name',
  ),
  rule('ca-no-names', 'profile table', ({ names }) =>
    names.length === 0 ? undefined : 'it has subject alternative names',
  ),
  rule('ca-no-revocation-mark', 'RFC 9608 3', (certificate) =>
    has(certificate, oids.noRevAvail) ? 'a CA has no noRevAvail' : undefined,
  ),
  rule('constrained-addresses', 'RFC 5280 4.2.1.10', ({ nameConstraints }) =>
    nameConstraints !== undefined && leavesAddressesOpen(nameConstraints)
      ? 'its name constraints on DNS names leave IP addresses open'
      : undefined,
  ),
  rule('name-constraints-critical', 'RFC 5280 4.2.1.10', (certificate) =>
    certificate.nameConstraints === undefined || isCritical(certificate, oids.nameConstraints)
      ? undefined
      : 'its name constraints are not critical',
  ),
]

const rootRules: readonly LintRule[] = [
  rule('root-self-issued', 'RFC 5280 3.2', ({ subjectDer, issuerDer }) =>
    Buffer.compare(subjectDer, issuerDer) === 0 ? undefined : 'its issuer is not itself',
  ),
  rule('root-path-length', 'profile table', ({ pathLength }) =>
    pathLength === undefined ? undefined : 'it has a path length',
  ),
  rule('root-purposes', 'profile table', ({ extendedKeyUsage }) =>
    extendedKeyUsage.length === 0 ? undefined : 'it has an extended key usage',
  ),
  rule('root-life', 'profile table', ({ notBefore, notAfter }) =>
    notAfter <= addYears(notBefore, rootLifetimeYears)
      ? undefined
      : `it lives over ${rootLifetimeYears} years`,
  ),
]

const intermediateRules: readonly LintRule[] = [
  rule('intermediate-path-length', 'RFC 5280 4.2.1.9', ({ pathLength }) =>
    pathLength === 0 ? undefined : 'its path length is not 0',
  ),
  rule('intermediate-purposes', 'profile table', ({ extendedKeyUsage }) =>
    sameList(extendedKeyUsage, ['serverAuth', 'clientAuth'])
      ? undefined
      : 'its extended key usage is not serverAuth and clientAuth',
  ),
  rule('intermediate-life', 'profile table', (certificate) =>
    lifeSeconds(certificate) <= intermediateLifetimeSeconds ? undefined : 'it lives over 90 days',
  ),
  rule('intermediate-not-self-issued', 'RFC 5280 3.2', ({ subjectDer, issuerDer }) =>
    Buffer.compare(subjectDer, issuerDer) === 0 ? 'it has the name of its issuer' : undefined,
  ),
]

function leafRules(profile: ProfileName): readonly LintRule[] {
  return [
    rule('leaf-not-ca', 'RFC 5280 4.2.1.9', ({ isCa }) => (isCa ? 'it is a CA' : undefined)),
    rule('leaf-key-usage', 'RFC 5280 4.2.1.3, RFC 9881 5', ({ keyUsage }) =>
      sameList(keyUsage, ['digitalSignature']) ? undefined : 'its key usage is not digitalSignature alone',
    ),
    rule('leaf-purposes', 'RFC 5280 4.2.1.12, X.509-SVID 4.4', ({ extendedKeyUsage, names }) => {
      const wanted = names.some(isSpiffeName) ? svidExtendedKeyUsage : profiles[profile].extendedKeyUsage
      return sameList(extendedKeyUsage, wanted)
        ? undefined
        : `its extended key usage is not ${wanted.join(' and ')}`
    }),
    rule('leaf-life', 'profile table', (certificate) =>
      lifeSeconds(certificate) <= leafLifetimeSecondsMax && lifeSeconds(certificate) >= leafLifetimeSecondsMin
        ? undefined
        : 'it lives over a day or under ten seconds',
    ),
    rule('leaf-names', 'RFC 9525 6', ({ names }) => (names.length > 0 ? undefined : 'it has no name')),
    rule('leaf-common-name', 'RFC 9525 2', ({ commonName, names }) =>
      commonName === undefined || names.some(({ value }) => value === commonName)
        ? undefined
        : 'its common name is not among its names',
    ),
    rule('leaf-names-critical', 'RFC 5280 4.2.1.6', (certificate) =>
      isCritical(certificate, oids.subjectAltName) === (certificate.subject === '')
        ? undefined
        : 'its names are critical exactly where the subject is empty',
    ),
    rule('leaf-svid', 'X.509-SVID 2', ({ names }) =>
      names.some(isSpiffeName) && names.filter(({ type }) => type === 'uri').length > 1
        ? 'it has a SPIFFE ID and another URI'
        : undefined,
    ),
    rule('leaf-no-revocation', 'RFC 9608 2', (certificate) =>
      has(certificate, oids.noRevAvail) && !isCritical(certificate, oids.noRevAvail)
        ? undefined
        : 'noRevAvail is missing or critical',
    ),
    rule('leaf-no-constraints', 'RFC 5280 4.2.1.10', ({ nameConstraints }) =>
      nameConstraints === undefined ? undefined : 'a leaf has no name constraints',
    ),
  ]
}

function issuerRules(issuer: Certificate | undefined): readonly LintRule[] {
  const keyed = [
    rule('authority-key-id', 'RFC 5280 4.2.1.1', ({ authorityKeyId }) =>
      authorityKeyId === undefined ? 'the authority key identifier is missing' : undefined,
    ),
    criticality('authority-key-id-plain', 'RFC 5280 4.2.1.1', oids.authorityKeyIdentifier, false),
  ]
  if (issuer === undefined) return keyed
  return [
    ...keyed,
    rule('issuer-key-id', 'RFC 5280 4.2.1.1', ({ authorityKeyId }) =>
      authorityKeyId === issuer.subjectKeyId
        ? undefined
        : 'the authority key identifier is not the one of the issuer',
    ),
    rule('issuer-name', 'RFC 5280 4.1.2.4', ({ issuerDer }) =>
      Buffer.compare(issuerDer, issuer.subjectDer) === 0 ? undefined : 'the issuer has another name',
    ),
    rule('issuer-life', 'profile table', ({ notAfter }) =>
      notAfter <= issuer.notAfter ? undefined : 'it outlives its issuer',
    ),
    rule('issuer-constraints', 'RFC 5280 4.2.1.10', ({ names }) => {
      const forbidden =
        issuer.nameConstraints === undefined ? [] : namesForbidden(issuer.nameConstraints, names)
      return forbidden.length === 0
        ? undefined
        : `the issuer does not allow ${names.map(formatName).join(', ')}`
    }),
  ]
}

function rule(name: string, cites: string, check: LintRule['check']): LintRule {
  return { rule: name, cites, check }
}

function criticality(name: string, cites: string, oid: string, critical: boolean): LintRule {
  return rule(name, cites, (certificate) =>
    has(certificate, oid) && isCritical(certificate, oid) === critical
      ? undefined
      : `the extension ${oid} is missing or ${critical ? 'not ' : ''}critical`,
  )
}

function has({ extensions }: Certificate, wanted: string): boolean {
  return extensions.some(({ oid }) => oid === wanted)
}

function isCritical({ extensions }: Certificate, wanted: string): boolean {
  return extensions.some(({ oid, critical }) => oid === wanted && critical)
}

function isSpiffeName({ type, value }: Certificate['names'][number]): boolean {
  return type === 'uri' && isSpiffeId(value)
}

function lifeSeconds({ notBefore, notAfter }: Certificate): number {
  return (notAfter - notBefore) / secondMs
}

function sameList(actual: readonly string[], wanted: readonly string[]): boolean {
  return actual.length === wanted.length && actual.every((value, i) => value === wanted[i])
}

/** The same day `years` later; 29 February becomes 1 March. */
export function addYears(instant: number, years: number): number {
  const date = new Date(instant)
  date.setUTCFullYear(date.getUTCFullYear() + years)
  return date.getTime()
}
