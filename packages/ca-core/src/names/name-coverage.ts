import { type Name, sameName } from './name.ts'

/**
 * Whether `pattern` stands for `name`: they are the same, or `pattern` is a DNS wildcard and `name`
 * has exactly one label in its place (RFC 9525 6.3). A wildcard covers no wildcard but itself.
 */
export function nameCovers(pattern: Name, name: Name): boolean {
  if (sameName(pattern, name)) return true
  if (pattern.type !== 'dns' || name.type !== 'dns' || !pattern.value.startsWith('*.')) return false
  const dot = name.value.indexOf('.')
  return dot > 0 && name.value.slice(dot) === pattern.value.slice(1) && !name.value.startsWith('*')
}

/**
 * The names among `requested` that are not in `allowed`. Coverage is not asked: an identity that may
 * hold `*.web.example` may not hold `a.web.example` unless that is listed too.
 */
export function namesOutside(requested: readonly Name[], allowed: readonly Name[]): Name[] {
  return requested.filter((name) => !allowed.some((permitted) => sameName(permitted, name)))
}

/** Whether one of a certificate's names stands for `name`. */
export function anyNameCovers(names: readonly Name[], name: Name): boolean {
  return names.some((pattern) => nameCovers(pattern, name))
}
