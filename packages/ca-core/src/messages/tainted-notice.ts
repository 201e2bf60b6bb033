/**
 * The header with which an issuer tells that intermediates of its own are tainted: certificates under them should
 * be replaced at once. It comes with the trust bundle, which every host asks for again and again.
 */
export const taintedHeader = 'mayfly-tainted'

/** Intermediates in one notice; more in a day would be another kind of trouble. */
export const taintedMax = 16

/** Fingerprints as the value of the header, newest taint last. */
export function formatTaintedNotice(fingerprints: readonly string[]): string {
  return fingerprints.slice(-taintedMax).join(', ')
}

/** The fingerprints of a notice, lower hex; whatever else is in it means nothing. */
export function parseTaintedNotice(value: string | undefined): readonly string[] {
  if (value === undefined) return []
  const parts = value.split(',', taintedMax).map((part) => part.trim())
  return parts.filter((part) => /^[0-9a-f]{64}$/.test(part))
}
