import type packages from '../../scripts/debian-packages.json'

/** A name in `scripts/debian-packages.json`. */
export type DebianPackage = keyof typeof packages

/** What `npm test` found missing on this machine; tests that need it skip, which CI counts as a failure. */
const missing: readonly string[] = (process.env.MAYFLY_MISSING ?? '').split(',').filter((name) => name !== '')

/** For the `skip` option of a test: the reason where one of the Debian packages is missing, else `false`. */
export function withoutPackages(...names: DebianPackage[]): string | false {
  const absent = names.filter((name) => missing.includes(name))
  return absent.length > 0 && `needs ${absent.join(', ')}`
}
