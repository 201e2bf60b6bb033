import { domainToASCII, domainToUnicode } from 'node:url'
import { nameInvalid } from './name-invalid.ts'

/** RFC 1035 2.3.4, less the root's octet. */
export const dnsNameCharactersMax = 253

/** RFC 1123 2.1: letters, digits and hyphens, not at the edges; at most 63 octets. */
const labelPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * A DNS name in canonical form: lower-case A-labels, no trailing dot. A wildcard may stand for the
 * whole left-most label only, over at least two labels (RFC 9525 6.3; Node and OpenSSL refuse `*.example`).
 * Throws `name-invalid`; for an international name the message tells its A-label.
 */
export function parseDnsName(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  if (/[\x00-\x20\x7f]/.test(text)) throw nameInvalid(text, 'it holds a space or control character')
  if (/[^\x21-\x7e]/.test(text)) throw internationalName(text)
  const name = text.toLowerCase().replace(/\.$/, '')
  if (name === '') throw nameInvalid(text, 'it is empty')
  if (name.length > dnsNameCharactersMax)
    throw nameInvalid(text, `it is longer than ${dnsNameCharactersMax} characters`)
  const wildcard = name.startsWith('*.')
  const labels = (wildcard ? name.slice(2) : name).split('.')
  if (wildcard && labels.length < 2) throw nameInvalid(text, 'a wildcard needs at least two labels after it')
  for (const label of labels) checkLabel(text, label)
  // RFC 3696 2: otherwise it could be read as an IP address.
  if (/^\d+$/.test(labels.at(-1) ?? '')) throw nameInvalid(text, 'its last label is a number')
  return name
}

function checkLabel(text: string, label: string): void {
  if (label.includes('*'))
    throw nameInvalid(text, 'a wildcard stands for the whole left-most label, as in *.web.example')
  if (label === '') throw nameInvalid(text, 'it has an empty label')
  if (label.length > 63) throw nameInvalid(text, 'a label is longer than 63 characters')
  if (!labelPattern.test(label)) throw nameInvalid(text, 'a label has letters, digits and inner hyphens only')
  // RFC 5891 4.2.3.1: hyphens in third and fourth place are kept for A-labels, which must be real ones.
  if (label.slice(2, 4) === '--' && !isALabel(label))
    throw nameInvalid(text, `the label ${label} is no A-label`)
}

function isALabel(label: string): boolean {
  return (
    label.startsWith('xn--') &&
    domainToASCII(domainToUnicode(label)) === label &&
    domainToUnicode(label) !== label
  )
}

function internationalName(text: string): Error {
  const ascii = domainToASCII(text)
  const advice = ascii === '' ? 'write it in A-labels (xn--…)' : `write it as ${ascii}`
  return nameInvalid(text, `it has characters outside ASCII; ${advice}`)
}
