import { oids } from '../der/oids.ts'
import { isSpiffeName, isWorkloadId } from '../names/uri-name.ts'
import { leafLifetimeSecondsMax, leafLifetimeSecondsMin } from './lifetimes.ts'
import { has, isCritical, type LintRule, lifeSeconds, rule, sameList } from './lint-rule.ts'
import { type ProfileName, profiles, svidExtendedKeyUsage } from './profile.ts'

export function leafRules(profile: ProfileName): readonly LintRule[] {
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
    rule('leaf-common-name', 'RFC 9525 2, RFC 6125 6.4.4', ({ commonName, names }) =>
      commonName === undefined || names.some(({ type, value }) => type === 'dns' && value === commonName)
        ? undefined
        : 'its common name is not among its DNS names',
    ),
    rule('leaf-names-critical', 'RFC 5280 4.2.1.6', (certificate) =>
      isCritical(certificate, oids.subjectAltName) === (certificate.subject === '')
        ? undefined
        : 'its names must be critical where the subject is empty, and only there',
    ),
    rule('leaf-svid', 'X.509-SVID 2', ({ names }) =>
      names.some(isSpiffeName) && names.filter(({ type }) => type === 'uri').length > 1
        ? 'it has a SPIFFE ID and another URI'
        : undefined,
    ),
    rule('leaf-svid-path', 'X.509-SVID 3.1', ({ names }) =>
      names.some((name) => isSpiffeName(name) && !isWorkloadId(name))
        ? 'its SPIFFE ID has no path'
        : undefined,
    ),
    rule('leaf-no-revocation', 'RFC 9608 2', (certificate) =>
      has(certificate, oids.noRevAvail) && !isCritical(certificate, oids.noRevAvail)
        ? undefined
        : 'noRevAvail is missing or critical',
    ),
  ]
}
