/** How long an issuer may have a look at its trust bundle hold. */
export const bundleMaxAgeSecondsMin = 60
/** A quarter of the longest life: nobody would hold to more. */
export const bundleMaxAgeSecondsMax = 21_600

/** A new bundle passes a cache between issuer and agents within a minute, however long agents hold what they have. */
const sharedSeconds = 60

/**
 * The value of `Cache-Control` with the trust bundle (RFC 9111 5.2.2). `max-age` is the issuer's word on how long an agent
 * need not look again, and is left out where it has none. `s-maxage` stands in its place for caches that many share.
 */
export function formatBundleFreshness(maxAgeSeconds?: number): string {
  const shared = `public, s-maxage=${sharedSeconds}`
  return maxAgeSeconds === undefined ? shared : `${shared}, max-age=${maxAgeSeconds}`
}

/**
 * The seconds for which a look at the trust bundle holds, of the value of `Cache-Control`; `undefined` where it does not
 * say it once, plainly and within the bounds of an issuer. Whatever else stands there means nothing.
 */
export function parseBundleFreshness(value: string | undefined): number | undefined {
  // RFC 9111 5.2: only other directives have quoted arguments, in which commas separate nothing.
  if (value === undefined || value.includes('"')) return undefined
  const said = value.split(',').filter((directive) => /^[ \t]*max-age(?![\w-])/i.test(directive))
  const [, digits] = (said.length === 1 && /^[ \t]*max-age=(\d{1,5})[ \t]*$/i.exec(said[0] ?? '')) || []
  const seconds = Number(digits)
  return seconds >= bundleMaxAgeSecondsMin && seconds <= bundleMaxAgeSecondsMax ? seconds : undefined
}
