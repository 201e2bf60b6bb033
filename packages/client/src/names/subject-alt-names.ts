import type { X509Certificate } from 'node:crypto'
import { canonicalise, type PeerName, type PeerNameType } from './peer-name.ts'

const typeOfPrefix: Readonly<Record<string, PeerNameType>> = {
  DNS: 'dns',
  'IP Address': 'ip',
  URI: 'uri',
  email: 'email',
}

/**
 * The names in a certificate's SAN, canonical. The subject is never read: RFC 9525 6.3 has no
 * fallback to the CN. An entry that isn't plainly a name is left out, so it can't match anything.
 */
export function subjectAltNames(certificate: X509Certificate): readonly PeerName[] {
  return splitEntries(certificate.subjectAltName ?? '').flatMap(nameOfEntry)
}

function nameOfEntry(entry: string): PeerName[] {
  const [, prefix = '', value = ''] = /^([^:]*):(.*)$/s.exec(entry) ?? []
  const type = typeOfPrefix[prefix]
  const canonical = type === undefined ? undefined : canonicalise(type, value)
  return type === undefined || canonical === undefined ? [] : [{ type, value: canonical }]
}

/**
 * Node writes entries with `, ` between them, and as a JSON string after the prefix where a value
 * holds characters that could be taken for a separator (CVE-2021-44532). Canonical names need no
 * quotes, so a quoted entry is kept as it is and matches nothing.
 */
function splitEntries(text: string): string[] {
  return text.match(/(?:"(?:[^"\\]|\\.)*"|[^",]|,(?! ))+/g)?.map((entry) => entry.replace(/^, |^ /, '')) ?? []
}
