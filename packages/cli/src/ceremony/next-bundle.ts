import { type Certificate, formatInstant, MayflyError, sha256Hex, type TrustBundle } from '@mayfly/ca-core'
import type { BundleNote } from './ceremony-record.ts'

/** What the next trust bundle does differently. */
export interface BundleChange {
  readonly addRoots: readonly Certificate[]
  /** SHA-256 of roots to be trusted no longer. */
  readonly removeRoots: readonly string[]
  /** SHA-256 of intermediates to be distrusted. */
  readonly distrust: readonly string[]
  /** SHA-256 of intermediates that are off the list, for they have expired. */
  readonly forget: readonly string[]
}

/**
 * The bundle after `current`.
 *
 * @throws MayflyError `bundle-invalid` where the change changes nothing, or takes away what is not there
 */
export function planNextBundle(current: TrustBundle, change: BundleChange): TrustBundle {
  const present = new Set(current.roots.map(({ fingerprint }) => fingerprint))
  requireContained(change.removeRoots, present, 'no root of the bundle')
  requireContained(change.forget, new Set(current.distrusted), 'not on the list of the distrusted')
  const added = change.addRoots.filter(({ fingerprint }) => !present.has(fingerprint))
  const kept = current.roots.filter(({ fingerprint }) => !change.removeRoots.includes(fingerprint))
  const distrusted = new Set([...current.distrusted, ...change.distrust])
  for (const fingerprint of change.forget) distrusted.delete(fingerprint)
  const next = {
    ...current,
    sequence: current.sequence + 1,
    roots: [...kept, ...added],
    distrusted: [...distrusted],
  }
  requireDifference(current, next)
  return next
}

export function noteBundle(bundle: TrustBundle, text: string): BundleNote {
  return {
    sequence: bundle.sequence,
    sha256: sha256Hex(Buffer.from(text)),
    roots: bundle.roots.map(({ fingerprint }) => fingerprint),
    distrusted: bundle.distrusted,
  }
}

/** For showing a bundle to a person. */
export function describeRoots({ roots }: TrustBundle): string[] {
  return roots.map(
    ({ subject, fingerprint, notAfter }) => `${subject} ${fingerprint}, until ${formatInstant(notAfter)}`,
  )
}

function requireContained(wanted: readonly string[], present: ReadonlySet<string>, what: string): void {
  const missing = wanted.find((fingerprint) => !present.has(fingerprint))
  if (missing !== undefined) throw new MayflyError('bundle-invalid', `${missing} is ${what}.`)
}

function requireDifference(current: TrustBundle, next: TrustBundle): void {
  const contentOf = ({ roots, distrusted }: TrustBundle): string =>
    [...roots.map(({ fingerprint }) => fingerprint), ...distrusted].sort().join()
  if (contentOf(current) !== contentOf(next)) return
  throw new MayflyError(
    'bundle-invalid',
    'The next bundle would say what the present one says. Nothing was signed.',
  )
}
