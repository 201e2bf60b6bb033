import { X509Certificate } from 'node:crypto'
import { type Certificate, formatName, keyUsages, parseCertificate, parseName } from '@mayfly/ca-core'
import type { GeneralName, X509Certificate as PeculiarCertificate } from '@peculiar/x509'
import { oids } from '../../../packages/ca-core/src/der/oids.ts'
import { type FuzzTarget, otherReading, readOrRefused, requireSame } from '../fuzz-target.ts'
import { either, mutateBytes } from '../mutate-bytes.ts'
import { mutateDer } from '../mutate-der.ts'
import { peculiar } from '../peculiar.ts'

/** Certificates: what is accepted means the same to `@peculiar/x509` and to OpenSSL. */
export const certificateTarget: FuzzTarget = {
  name: 'certificate',
  corpus: 'certificate',
  mutate: either(mutateDer, mutateBytes),
  async read(input) {
    const certificate = await readOrRefused(
      () => parseCertificate(input),
      ['certificate-invalid', 'key-weak', 'key-type-unsupported'],
    )
    if (certificate === undefined) return
    requireSame('its bytes', hex(certificate.der), hex(input))
    comparePeculiar(certificate)
    compareOpenssl(certificate)
  },
}

function comparePeculiar(ours: Certificate): void {
  const theirs = otherReading(() => {
    const read = new peculiar.X509Certificate(Uint8Array.from(ours.der).buffer)
    // Only now are they read, also those that we pass over.
    void read.extensions
    return read
  })
  if (theirs === undefined) return
  requireSame('the serial', ours.serial, theirs.serialNumber)
  requireSame(
    'the times',
    [ours.notBefore, ours.notAfter],
    [theirs.notBefore.getTime(), theirs.notAfter.getTime()],
  )
  requireSame('the key', hex(ours.publicKey.spki), hex(new Uint8Array(theirs.publicKey.rawData)))
  const basic = theirs.getExtension(peculiar.BasicConstraintsExtension)
  requireSame('the CA flag', ours.isCa, basic?.ca ?? false)
  requireSame('the path length', ours.pathLength, basic?.pathLength)
  const names = theirs.getExtension(peculiar.SubjectAlternativeNameExtension)?.names.items ?? []
  requireSame('the names', ours.names.map(formatName), names.map(formatTheirs))
  compareSubjects(ours, theirs)
  comparePurposes(ours, theirs)
}

function compareSubjects(ours: Certificate, theirs: PeculiarCertificate): void {
  const [commonName, second] = theirs.subjectName.getField('CN')
  if (ours.commonName !== undefined)
    requireSame('the common name', [ours.commonName, undefined], [commonName, second])
  const subjectKey = theirs.getExtension(peculiar.SubjectKeyIdentifierExtension)
  requireSame('the key id', ours.subjectKeyId, subjectKey?.keyId)
  const authorityKey = theirs.getExtension(peculiar.AuthorityKeyIdentifierExtension)
  requireSame('the key id of the authority', ours.authorityKeyId, authorityKey?.keyId)
}

/** What the key may be used for, and which extensions nobody may pass over. */
function comparePurposes(ours: Certificate, theirs: PeculiarCertificate): void {
  const usage = theirs.getExtension(peculiar.KeyUsagesExtension)?.usages ?? 0
  const theirUsage = keyUsages.filter((_, bit) => (usage & (1 << bit)) !== 0)
  requireSame('the key usage', ours.keyUsage, theirUsage)
  const purposes = ours.extendedKeyUsage.map((purpose) => oids[purpose as keyof typeof oids] ?? purpose)
  const theirPurposes = theirs.getExtension(peculiar.ExtendedKeyUsageExtension)?.usages ?? []
  requireSame('the purposes', purposes, theirPurposes)
  requireSame(
    'the extensions',
    ours.extensions.map(({ oid, critical }) => [oid, critical]),
    theirs.extensions.map(({ type, critical }) => [type, critical]),
  )
}

/** As OpenSSL decides who is served: the key, the times, the CA flag and the names. */
function compareOpenssl(ours: Certificate): void {
  const theirs = otherReading(() => new X509Certificate(ours.der))
  if (theirs === undefined) return
  requireSame(
    'the serial',
    BigInt(`0x${ours.serial}`).toString(),
    BigInt(`0x${theirs.serialNumber}`).toString(),
  )
  // OpenSSL's answer takes the key usage in as well, so only its yes is compared.
  if (theirs.ca) requireSame('the CA flag', ours.isCa, true)
  requireSame(
    'the end',
    ours.notAfter,
    otherReading(() => theirs.validToDate.getTime()),
  )
  const key = otherReading(() => theirs.publicKey.export({ type: 'spki', format: 'der' }))
  if (key !== undefined) requireSame('the key', hex(ours.publicKey.spki), hex(key))
  for (const { type, value } of ours.names) {
    if (type === 'ip') requireSame(`the name ${value}`, true, theirs.checkIP(value) !== undefined)
    if (type === 'dns' && !value.startsWith('*.')) {
      requireSame(`the name ${value}`, true, theirs.checkHost(value, { subject: 'never' }) !== undefined)
    }
  }
}

function formatTheirs({ type, value }: GeneralName): string {
  return formatName(parseName(`${type === 'url' ? 'uri' : type}:${value}`))
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
