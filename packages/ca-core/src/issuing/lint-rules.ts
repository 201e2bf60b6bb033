import { oids } from '../der/oids.ts'
import { formatName } from '../names/name.ts'
import type { Certificate } from '../x509/certificate.ts'
import { keyIdOf } from '../x509/key-identifier.ts'
import { namesForbidden } from '../x509/name-constraints.ts'
import { authorityRules, intermediateRules, rootRules } from './authority-lint-rules.ts'
import { leafRules } from './leaf-lint-rules.ts'
import { criticality, type LintRule, rule } from './lint-rule.ts'
import type { ProfileName } from './profile.ts'
import { isSerial } from './serial.ts'

export type LintSubject =
  | { readonly kind: 'root' }
  | { readonly kind: 'intermediate'; readonly issuer?: Certificate }
  | { readonly kind: 'leaf'; readonly profile: ProfileName; readonly issuer?: Certificate }

/** The rules of the profile table for one kind of certificate. */
export function lintRules(subject: LintSubject): readonly LintRule[] {
  const common = [...everyRules, extensionRule(subject.kind)]
  switch (subject.kind) {
    case 'root':
      return [...common, ...authorityRules, ...rootRules]
    case 'intermediate':
      return [...common, ...authorityRules, ...intermediateRules, ...issuerRules(subject.issuer)]
    case 'leaf':
      return [...common, ...leafRules(subject.profile), ...issuerRules(subject.issuer)]
  }
}

const everyRules: readonly LintRule[] = [
  rule('serial', 'RFC 5280 4.1.2.2', ({ serial }) =>
    isSerial(serial) ? undefined : 'the serial number is not 16 positive octets',
  ),
  rule('validity', 'RFC 5280 4.1.2.5', ({ notBefore, notAfter }) =>
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
]

/** What the profile table knows of, for each kind; everything else has no place in a certificate of ours. */
const extensionsOf: Readonly<Record<LintSubject['kind'], readonly (keyof typeof oids)[]>> = {
  root: ['basicConstraints', 'keyUsage', 'subjectKeyIdentifier', 'nameConstraints'],
  intermediate: [
    'basicConstraints',
    'keyUsage',
    'extKeyUsage',
    'subjectKeyIdentifier',
    'authorityKeyIdentifier',
    'nameConstraints',
  ],
  leaf: [
    'basicConstraints',
    'keyUsage',
    'extKeyUsage',
    'subjectKeyIdentifier',
    'authorityKeyIdentifier',
    'subjectAltName',
    'noRevAvail',
  ],
}

function extensionRule(kind: LintSubject['kind']): LintRule {
  const allowed: readonly string[] = extensionsOf[kind].map((name) => oids[name])
  return rule('only-known-extensions', 'profile table', ({ extensions }) => {
    const other = extensions.find(({ oid }) => !allowed.includes(oid))
    return other === undefined ? undefined : `the extension ${other.oid} has no place in it`
  })
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
