import { MayflyError } from '@mayfly/ca-core'

/** Fields that say where a request goes or what it is: of two, a relay and we could each believe another. */
const singleHeaders: readonly string[] = ['host', 'content-type', 'content-length', 'content-encoding']

/**
 * Refuses a request in which such a field comes twice (RFC 9110 5.3, 7.2). Node takes the first and drops the others.
 *
 * @param rawHeaders names and values by turns, as they came
 * @throws MayflyError `request-invalid`
 */
export function requireSingleHeaders(rawHeaders: readonly string[]): void {
  const seen = new Set<string>()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? ''
    if (!singleHeaders.includes(name)) continue
    if (seen.has(name)) throw new MayflyError('request-invalid', `The header ${name} came twice.`)
    seen.add(name)
  }
}
