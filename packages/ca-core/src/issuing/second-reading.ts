import type { X509Certificate } from '@peculiar/x509'
import { MayflyError } from '../errors/mayfly-error.ts'
import { formatName, type NameType, nameOf } from '../names/name.ts'
import type { Certificate } from '../x509/certificate.ts'
import { keyUsages } from '../x509/extension-values.ts'
import { parseCertificate } from '../x509/parse-certificate.ts'
import { loadPeculiar, type PeculiarX509 } from '../x509/peculiar.ts'

/**
 * Reads a certificate a second time, with `@peculiar/x509`, which shares no code with the reader and
 * writer here, and throws `lint-failed` if the two find different things in it. One encoding with two
 * readings is how certificates were forged; a mistake of ours is caught by someone else's eyes.
 */
export async function requireSameReading(der: Uint8Array): Promise<void> {
  const peculiar = await loadPeculiar()
  const ours = ourReading(parseCertificate(der))
  const theirs = theirReading(new peculiar.X509Certificate(new Uint8Array(der).buffer), peculiar)
  const differing = Object.keys(ours).filter((field) => ours[field] !== theirs[field])
  if (differing.length === 0) return
  throw new MayflyError(
    'lint-failed',
    `Two readers differ about the certificate in: ${differing.join(', ')}.`,
    {
      details: { findings: differing.map((field) => `${field}: "${ours[field]}" and "${theirs[field]}"`) },
    },
  )
}

/** What is compared, as text, so that a difference can be shown. */
type Reading = Readonly<Record<string, string>>

function ourReading(certificate: Certificate): Reading {
  return {
    serial: certificate.serial,
    validity: `${certificate.notBefore} to ${certificate.notAfter}`,
    publicKey: hex(certificate.publicKey.spki),
    subject: hex(certificate.subjectDer),
    issuer: hex(certificate.issuerDer),
    extensions: certificate.extensions.map(({ oid, critical }) => `${oid} ${critical}`).join(),
    basicConstraints: `${certificate.isCa} ${certificate.pathLength}`,
    keyUsage: certificate.keyUsage.join(),
    extendedKeyUsage: certificate.extendedKeyUsage.length.toString(),
    names: certificate.names.map(formatName).join(),
    subjectKeyId: `${certificate.subjectKeyId}`,
    authorityKeyId: `${certificate.authorityKeyId}`,
  }
}

function theirReading(certificate: X509Certificate, peculiar: PeculiarX509): Reading {
  const basicConstraints = certificate.getExtension(peculiar.BasicConstraintsExtension)
  const usages = certificate.getExtension(peculiar.KeyUsagesExtension)?.usages ?? 0
  const names = certificate.getExtension(peculiar.SubjectAlternativeNameExtension)?.names.toJSON() ?? []
  return {
    serial: certificate.serialNumber,
    validity: `${certificate.notBefore.getTime()} to ${certificate.notAfter.getTime()}`,
    publicKey: hex(new Uint8Array(certificate.publicKey.rawData)),
    subject: hex(new Uint8Array(certificate.subjectName.toArrayBuffer())),
    issuer: hex(new Uint8Array(certificate.issuerName.toArrayBuffer())),
    extensions: certificate.extensions.map(({ type, critical }) => `${type} ${critical}`).join(),
    basicConstraints: `${basicConstraints?.ca} ${basicConstraints?.pathLength}`,
    keyUsage: keyUsages.filter((_, bit) => (usages & (1 << bit)) !== 0).join(),
    extendedKeyUsage: `${certificate.getExtension(peculiar.ExtendedKeyUsageExtension)?.usages.length ?? 0}`,
    names: names.map(formatTheirName).join(),
    subjectKeyId: `${certificate.getExtension(peculiar.SubjectKeyIdentifierExtension)?.keyId}`,
    authorityKeyId: `${certificate.getExtension(peculiar.AuthorityKeyIdentifierExtension)?.keyId}`,
  }
}

const nameTypes: Readonly<Record<string, NameType>> = { dns: 'dns', ip: 'ip', url: 'uri', email: 'email' }

function formatTheirName({ type, value }: { readonly type: string; readonly value: string }): string {
  const ours = nameTypes[type]
  return ours === undefined ? `${type}:${value}` : formatName(nameOf(ours, value))
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
