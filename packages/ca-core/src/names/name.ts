import { MayflyError } from '../errors/mayfly-error.ts'
import { parseDnsName } from './dns-name.ts'
import { parseEmailAddress } from './email-address.ts'
import { isIpAddress, parseIpAddress } from './ip-address.ts'
import { parseUriName } from './uri-name.ts'

export type NameType = 'dns' | 'ip' | 'uri' | 'email'

/**
 * A name as it stands in a subject alternative name. `value` is canonical, so that equal names have
 * equal values: DNS in lower-case A-labels without a trailing dot, IP addresses as RFC 5952 writes
 * them, URIs normalised, e-mail with a lower-case domain.
 * Make one with `parseName` or `nameOf` only.
 */
export interface Name {
  readonly type: NameType
  readonly value: string
}

const parsers: Record<NameType, (text: string) => string> = {
  dns: parseDnsName,
  ip: parseIpAddress,
  uri: parseUriName,
  email: parseEmailAddress,
}

/**
 * Reads `dns:web-1.example`, `ip:192.0.2.1`, `uri:spiffe://example/web` or `email:a@example`. Without
 * a prefix the type is told from the form. Throws `name-invalid`.
 */
export function parseName(text: string): Name {
  const prefixed = /^(dns|ip|uri|email):(.*)$/s.exec(text)
  if (prefixed !== null) return nameOf(prefixed[1] as NameType, prefixed[2] ?? '')
  return nameOf(guessType(text), text)
}

/** The name of `type` whose text is `text`, made canonical. Throws `name-invalid`. */
export function nameOf(type: NameType, text: string): Name {
  return { type, value: parsers[type](text) }
}

/** The text that `parseName` reads back to the same name. */
export function formatName(name: Name): string {
  return `${name.type}:${name.value}`
}

/** The one comparison of names. It is exact, because both sides are canonical. */
export function sameName(a: Name, b: Name): boolean {
  return a.type === b.type && a.value === b.value
}

/** A list from configuration or a message, without repetitions, in the order given. Throws `name-invalid`. */
export function parseNames(texts: readonly string[]): Name[] {
  return uniqueNames(texts.map(parseName))
}

/** The names without repetitions, in the order given. */
export function uniqueNames(names: readonly Name[]): Name[] {
  return names.filter((name, index) => names.findIndex((other) => sameName(name, other)) === index)
}

function guessType(text: string): NameType {
  if (isIpAddress(text)) return 'ip'
  if (text.includes('://')) return 'uri'
  if (text.includes('@')) return 'email'
  if (text === '') throw new MayflyError('name-invalid', 'The name is empty.')
  return 'dns'
}
