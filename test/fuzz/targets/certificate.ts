import { X509Certificate } from 'node:crypto'
import { type Certificate, formatName, parseCertificate, parseName } from '@mayfly/ca-core'
import type { GeneralName } from '@peculiar/x509'
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
  const theirs = otherReading(() => new peculiar.X509Certificate(Uint8Array.from(ours.der).buffer))
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
