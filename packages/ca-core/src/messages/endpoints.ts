import { MayflyError } from '../errors/mayfly-error.ts'

/** The paths of the issuer's public API, below its URL. */
export const endpointPaths = {
  bundle: '/v1/bundle',
  enrollments: '/v1/enrollments',
  requests: '/v1/requests',
  certificates: '/v1/certificates',
} as const

/** Longer than any host name (253) with a port and a short path. */
export const urlCharactersMax = 512

/**
 * The one spelling of an issuer's URL: https, no credentials, query or fragment, no slash at the end.
 * Tokens, signed requests and configuration are compared in this spelling only.
 *
 * @throws MayflyError `request-invalid` where `text` is no such URL.
 */
export function canonicalIssuerUrl(text: string): string {
  const known = canonical.get(text)
  if (known !== undefined) return known
  const spelt = spellCanonically(text)
  if (canonical.size >= canonicalMax) canonical.clear()
  canonical.set(text, spelt)
  return spelt
}

/** Every message names the same few issuers. */
const canonical = new Map<string, string>()
const canonicalMax = 64

function spellCanonically(text: string): string {
  const url = text.length <= urlCharactersMax && URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !isPlainHttps(url)) {
    throw new MayflyError(
      'request-invalid',
      `Not the URL of an issuer: ${JSON.stringify(text.slice(0, urlCharactersMax))}; write it as https://host or https://host:port.`,
    )
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

/** The URL of one endpoint, as a signed request must name it. */
export function endpointUrl(issuerUrl: string, path: string): string {
  return `${canonicalIssuerUrl(issuerUrl)}${path}`
}

function isPlainHttps(url: URL): boolean {
  return url.protocol === 'https:' && url.username === '' && url.password === '' && !/[?#]/.test(url.href)
}
