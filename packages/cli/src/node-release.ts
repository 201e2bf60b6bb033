/** The oldest release of Node that has all that Mayfly needs: ML-DSA, SQLite and pinned TLS 1.3 groups. */
export const oldestNodeRelease = '24.12'

/** Says what is wrong with this release of Node, and what to do; nothing where it is new enough. */
export function whyNodeIsTooOld(release: string, path: string): string | undefined {
  const [major = 0, minor = 0] = release.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = oldestNodeRelease.split('.').map(Number)
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined
  return `Mayfly needs Node ${oldestNodeRelease} or later, and ${path} is ${release}. Install a newer one, and have it first on the PATH.`
}
