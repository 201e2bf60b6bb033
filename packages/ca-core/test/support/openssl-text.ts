import { formatName, nameOf } from '../../src/index.ts'

/** What `openssl … -text` says of one certificate. */
export interface CertificateText {
  readonly serial: string
  readonly notBefore: number
  readonly notAfter: number
  readonly commonName: string | undefined
  /** As `formatName` writes them. */
  readonly names: readonly string[]
  readonly isAltNameCritical: boolean
}

/** Reads the certificates in the text that OpenSSL prints of them, in order. */
export function readTexts(text: string): CertificateText[] {
  return text
    .split(/^ *Certificate:$/m)
    .slice(1)
    .map(readText)
}

function readText(text: string): CertificateText {
  const found = (pattern: RegExp): string | undefined => pattern.exec(text)?.[1]
  const alternative = /X509v3 Subject Alternative Name:( critical)?\s*\n\s+(.*)\n/.exec(text)
  return {
    serial: (found(/Serial Number:\s*\n\s+([0-9a-f:]+)/) ?? '').replaceAll(':', ''),
    notBefore: Date.parse(found(/Not Before: (.*)/) ?? ''),
    notAfter: Date.parse(found(/Not After : (.*)/) ?? ''),
    commonName: found(/Subject: CN ?= ?(.*)/),
    names: (alternative?.[2] ?? '').split(', ').map(formatTheirName),
    isAltNameCritical: alternative?.[1] !== undefined,
  }
}

function formatTheirName(text: string): string {
  const [, kind = '', value = ''] = /^(DNS|IP Address|URI|email):(.*)$/.exec(text) ?? []
  const types = { DNS: 'dns', 'IP Address': 'ip', URI: 'uri', email: 'email' } as const
  return formatName(nameOf(types[kind as keyof typeof types], value))
}
