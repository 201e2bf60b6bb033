import {
  type Certificate,
  formatFingerprint,
  formatInstant,
  formatName,
  formatNameRange,
  type Instant,
  isSignedBy,
  lint,
  type NameRange,
  type ProfileName,
  secondMs,
} from '@mayfly/ca-core'
import type { JsonOf } from '../json/json-fields.ts'
import { columns, heading } from '../terminal/answer.ts'
import type { certificateJson } from './inspect-json.ts'

type CertificateJson = JsonOf<typeof certificateJson>

/** What is worth knowing of a certificate, for a program. */
export function certificateToJson(certificate: Certificate, now: Instant): CertificateJson {
  return {
    type: 'certificate',
    kind: kindOf(certificate),
    subject: certificate.subject,
    issuer: certificate.issuer,
    serial: certificate.serial,
    sha256: certificate.fingerprint,
    keyType: certificate.publicKey.type,
    keySha256: certificate.publicKey.hash,
    notBefore: formatInstant(certificate.notBefore),
    notAfter: formatInstant(certificate.notAfter),
    lifeSeconds: lifeSeconds(certificate),
    validity: validityOf(certificate, now),
    names: certificate.names.map(formatName),
    keyUsage: certificate.keyUsage,
    extendedKeyUsage: certificate.extendedKeyUsage,
    ...(certificate.pathLength !== undefined && { pathLength: certificate.pathLength }),
    ...(certificate.nameConstraints && {
      permitted: certificate.nameConstraints.permitted.map(formatNameRange),
      excluded: certificate.nameConstraints.excluded.map(formatNameRange),
    }),
    findings: findingsOf(certificate),
  }
}

/** The same for a person. */
export function describeCertificate(certificate: Certificate, now: Instant): string[] {
  const { names, pathLength, nameConstraints } = certificate
  const rows: (readonly [string, string])[] = [
    ['Kind', `${kindOf(certificate)}${pathLength === undefined ? '' : `, path length ${pathLength}`}`],
    ['Issuer', certificate.issuer],
    ['Serial', certificate.serial],
    ['SHA-256', formatFingerprint(certificate.fingerprint)],
    ['Key', `${certificate.publicKey.type}, SHA-256 ${formatFingerprint(certificate.publicKey.hash)}`],
    ['Valid', `${formatInstant(certificate.notBefore)} to ${formatInstant(certificate.notAfter)}`],
    ['Now', `${validityOf(certificate, now)}, life ${formatSeconds(lifeSeconds(certificate))}`],
    ...names.map((name) => ['Name', formatName(name)] as const),
    ['Key usage', certificate.keyUsage.join(', ')],
  ]
  if (certificate.extendedKeyUsage.length > 0)
    rows.push(['Purposes', certificate.extendedKeyUsage.join(', ')])
  if (nameConstraints !== undefined) {
    rows.push(
      ...rangeRows('Permitted', nameConstraints.permitted),
      ...rangeRows('Excluded', nameConstraints.excluded),
    )
  }
  rows.push(...findingsOf(certificate).map((finding) => ['Outside its profile', finding] as const))
  return [heading(certificate.subject === '' ? '(no subject)' : certificate.subject), ...columns(rows)]
}

function rangeRows(title: string, ranges: readonly NameRange[]): (readonly [string, string])[] {
  return ranges.map((range) => [title, formatNameRange(range)] as const)
}

function kindOf(certificate: Certificate): 'root' | 'intermediate' | 'leaf' {
  if (!certificate.isCa) return 'leaf'
  return isSignedBy(certificate, certificate) ? 'root' : 'intermediate'
}

function findingsOf(certificate: Certificate): string[] {
  const kind = kindOf(certificate)
  const subject = kind === 'leaf' ? { kind, profile: profileOf(certificate) } : { kind }
  return lint(certificate.der, subject).map(({ rule, message }) => `${message} (${rule})`)
}

/** The profile that the certificate looks like. */
function profileOf({ extendedKeyUsage }: Certificate): ProfileName {
  if (!extendedKeyUsage.includes('clientAuth')) return 'server'
  return extendedKeyUsage.includes('serverAuth') ? 'peer' : 'client'
}

function lifeSeconds({ notBefore, notAfter }: Certificate): number {
  return (notAfter - notBefore) / secondMs
}

function validityOf({ notBefore, notAfter }: Certificate, now: Instant): string {
  if (now < notBefore) return `not valid before ${formatSeconds((notBefore - now) / secondMs)}`
  if (now > notAfter) return `expired ${formatSeconds((now - notAfter) / secondMs)} ago`
  return `valid for ${formatSeconds((notAfter - now) / secondMs)}`
}

const units: readonly (readonly [name: string, seconds: number])[] = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
]

/** The two largest units, such as `11h 59m`. */
function formatSeconds(seconds: number): string {
  const parts: string[] = []
  let rest = Math.floor(seconds)
  for (const [name, size] of units) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0 || (name === 's' && parts.length === 0)) parts.push(`${count}${name}`)
  }
  return parts.slice(0, 2).join(' ')
}
