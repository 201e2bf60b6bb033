import { nameInvalid } from './name-invalid.ts'

/** SPIFFE-ID 2.3: implementations must support 2,048 bytes and must not make longer ones. */
export const uriCharactersMax = 2_048

/** SPIFFE-ID 2.1. */
export const trustDomainPattern = /^[a-z0-9._-]{1,255}$/

/** SPIFFE-ID 2.2. */
const pathSegmentPattern = /^[a-zA-Z0-9._-]+$/

/** RFC 3986 2: what may stand in a URI at all. */
const uriCharacters = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+$/

/**
 * A URI in canonical form. SPIFFE IDs follow SPIFFE-ID 2 to the letter; other URIs are absolute, with
 * an authority and without user information or a fragment. Throws `name-invalid`.
 */
export function parseUriName(text: string): string {
  if (text.length > uriCharactersMax)
    throw nameInvalid(text, `it is longer than ${uriCharactersMax} characters`)
  if (!uriCharacters.test(text)) throw nameInvalid(text, 'it holds a character that no URI may hold')
  if (/^spiffe:/i.test(text)) return parseSpiffeId(text)
  const match = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#@]+(?:[/?][^#]*)?$/.exec(text)
  if (match === null || !URL.canParse(text)) {
    throw nameInvalid(text, 'a URI has a scheme and a host, and neither user information nor a fragment')
  }
  return new URL(text).href
}

/** Whether a canonical URI is a SPIFFE ID. */
export function isSpiffeId(uri: string): boolean {
  return uri.startsWith('spiffe://')
}

/** Whether `name` is a SPIFFE ID. */
export function isSpiffeName(name: { readonly type: string; readonly value: string }): boolean {
  return name.type === 'uri' && isSpiffeId(name.value)
}

/** Whether `name` is a SPIFFE ID of a workload: one with a path. Without it, it names the trust domain. */
export function isWorkloadId(name: { readonly type: string; readonly value: string }): boolean {
  return isSpiffeName(name) && name.value.slice('spiffe://'.length).includes('/')
}

/** A trust domain in canonical form (lower case). Throws `name-invalid`. */
export function parseTrustDomain(text: string): string {
  const trustDomain = text.toLowerCase()
  if (trustDomainPattern.test(trustDomain)) return trustDomain
  throw nameInvalid(text, 'a trust domain has letters, digits, dots, hyphens and underscores, at most 255')
}

function parseSpiffeId(text: string): string {
  const match = /^spiffe:\/\/([^/]*)(\/.*)?$/i.exec(text)
  const [, authority = '', path = ''] = match ?? []
  const trustDomain = authority.toLowerCase()
  if (!trustDomainPattern.test(trustDomain))
    throw nameInvalid(text, 'the trust domain of the SPIFFE ID is not valid')
  for (const segment of path.split('/').slice(1)) {
    if (!pathSegmentPattern.test(segment) || segment === '.' || segment === '..') {
      throw nameInvalid(text, 'the path of the SPIFFE ID has an empty, relative or invalid segment')
    }
  }
  return `spiffe://${trustDomain}${path}`
}
