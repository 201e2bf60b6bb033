import { parseDnsName } from './dns-name.ts'
import { nameInvalid } from './name-invalid.ts'

/** RFC 5322 3.2.3: dot-atom; RFC 5321 4.5.3.1.1: 64 octets. */
const localPartPattern = /^(?=.{1,64}$)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/

/** An address in canonical form: the local part as it is (RFC 5321 2.4), the domain as a DNS name. Throws `name-invalid`. */
export function parseEmailAddress(text: string): string {
  const at = text.lastIndexOf('@')
  const localPart = text.slice(0, Math.max(at, 0))
  const domain = text.slice(at + 1)
  if (!localPartPattern.test(localPart))
    throw nameInvalid(text, 'an e-mail address is a plain local part, @ and a domain')
  if (domain.includes('*')) throw nameInvalid(text, 'an e-mail address has no wildcard')
  return `${localPart}@${parseDnsName(domain)}`
}
