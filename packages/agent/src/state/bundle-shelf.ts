import { type FileSystem, type Instant, type TrustBundle, verifyTrustBundle } from '@mayfly/ca-core'
import { type BundleRecord, bundleRecordSchema, type HeldBundle, type SaidOfTrust } from './held-bundle.ts'
import { readJsonFile, writeJsonFile } from './json-file.ts'
import { statePaths } from './state-folder.ts'

/**
 * The trust bundles of a host, one for each root that an enrolment token named.
 * Certificates that were enrolled under the same root share one.
 */
export interface BundleShelf {
  /** The bundle held, verified; `undefined` before the first enrolment under this root. */
  held(rootFingerprint: string): Promise<HeldBundle | undefined>
  /**
   * Takes in what an issuer serves: verified against what is held, or against the fingerprint where nothing is,
   * and durable before it is used. Throws `bundle-invalid`, `bundle-untrusted` or `bundle-older`.
   */
  accept(rootFingerprint: string, text: string, now: Instant): Promise<HeldBundle>
  /** Notes that an issuer said that the bundle held is still the newest. */
  confirm(rootFingerprint: string, now: Instant): void
  /** Notes what issuers said at the latest look, besides the bundle. */
  note(rootFingerprint: string, said: SaidOfTrust): void
  /** Notes that there is a newer one, so that it is looked for without delay. */
  outdate(rootFingerprint: string): void
}

/** Opens the shelf below the state folder, which `prepareStateFolder` has made. */
export function openBundleShelf(fileSystem: FileSystem, state: string): BundleShelf {
  const shelf = new Map<string, HeldBundle>()
  /** Certificates that start together share one reading. */
  const readings = new Map<string, Promise<HeldBundle | undefined>>()

  const read = async (root: string): Promise<HeldBundle | undefined> => {
    const remedy = 'move it away and enrol again'
    const record = await readJsonFile(fileSystem, statePaths.bundle(state, root), bundleRecordSchema, remedy)
    if (record === undefined) return undefined
    const bundle = await verifyTrustBundle(record.text, { rootFingerprint: record.acceptedByRoot })
    return { bundle, checkedAt: record.checkedAt }
  }

  const readIn = async (root: string): Promise<HeldBundle | undefined> => {
    try {
      const found = await read(root)
      if (found !== undefined && !shelf.has(root)) shelf.set(root, found)
      return shelf.get(root)
    } finally {
      readings.delete(root)
    }
  }

  const held = async (root: string): Promise<HeldBundle | undefined> => {
    const known = shelf.get(root)
    if (known !== undefined) return known
    const reading = readings.get(root) ?? readIn(root)
    readings.set(root, reading)
    return reading
  }

  const accept = async (root: string, text: string, now: Instant): Promise<HeldBundle> => {
    const before = await held(root)
    const bundle = await verifyTrustBundle(
      text,
      before === undefined ? { rootFingerprint: root } : { held: before.bundle },
    )
    const accepted: HeldBundle = { bundle, checkedAt: now }
    if (!isSame(before?.bundle, bundle)) {
      const record: BundleRecord = { format: 1, text, acceptedByRoot: signerOf(text), checkedAt: now }
      await writeJsonFile(fileSystem, statePaths.bundle(state, root), record)
    }
    shelf.set(root, accepted)
    return accepted
  }

  let last: Promise<unknown> = Promise.resolve()
  return {
    held,
    accept(root, text, now) {
      // One after the other: certificates look each at their own time and issuer, and an older bundle whose look began
      // before a newer one was taken in must meet that one.
      const mine = last.then(() => accept(root, text, now))
      last = mine.catch(() => undefined)
      return mine
    },
    confirm(root, now) {
      const found = shelf.get(root)
      if (found !== undefined) shelf.set(root, { ...found, checkedAt: now })
    },
    note(root, said) {
      const found = shelf.get(root)
      if (found !== undefined) shelf.set(root, { ...found, ...said })
    },
    outdate(root) {
      const found = shelf.get(root)
      if (found !== undefined) shelf.set(root, { ...found, checkedAt: Number.NEGATIVE_INFINITY })
    },
  }
}

function isSame(before: TrustBundle | undefined, after: TrustBundle): boolean {
  return before?.sequence === after.sequence
}

/** The root that signed an accepted bundle: the bundle names it, and the signature was verified. */
function signerOf(text: string): string {
  const { protected: encoded } = JSON.parse(text) as { protected: string }
  const header = JSON.parse(Buffer.from(encoded, 'base64url').toString()) as { 'x5t#S256': string }
  return Buffer.from(header['x5t#S256'], 'base64url').toString('hex')
}
