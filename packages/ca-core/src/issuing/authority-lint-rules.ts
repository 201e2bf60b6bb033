import { oids } from '../der/oids.ts'
import { fitsCommonName } from '../x509/distinguished-name.ts'
import { leavesAddressesOpen } from '../x509/name-constraints.ts'
import { addYears, intermediateLifetimeSeconds, rootLifetimeYears } from './lifetimes.ts'
import { isCritical, type LintRule, lifeSeconds, rule, sameList } from './lint-rule.ts'

/** What roots and intermediates have in common. */
export const authorityRules: readonly LintRule[] = [
  rule('ca', 'RFC 5280 4.2.1.9', ({ isCa }) => (isCa ? undefined : 'it is no CA')),
  rule('ca-key-usage', 'RFC 5280 4.2.1.3', ({ keyUsage }) =>
    sameList(keyUsage, ['keyCertSign', 'cRLSign'])
      ? undefined
      : 'its key usage is not keyCertSign and cRLSign',
  ),
  rule('ca-common-name', 'RFC 5280 4.1.2.6', ({ commonName }) =>
    commonName !== undefined && fitsCommonName(commonName) ? undefined : 'its subject has no common name',
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

export const rootRules: readonly LintRule[] = [
  rule('root-self-issued', 'RFC 5280 3.2', ({ subjectDer, issuerDer }) =>
    Buffer.compare(subjectDer, issuerDer) === 0 ? undefined : 'its issuer is not itself',
  ),
  rule('root-path-length', 'profile table', ({ pathLength }) =>
    pathLength === undefined ? undefined : 'it has a path length',
  ),
  rule('root-life', 'profile table', ({ notBefore, notAfter }) =>
    notAfter <= addYears(notBefore, rootLifetimeYears)
      ? undefined
      : `it lives over ${rootLifetimeYears} years`,
  ),
]

export const intermediateRules: readonly LintRule[] = [
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
