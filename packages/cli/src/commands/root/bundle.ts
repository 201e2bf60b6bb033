import { resolve } from 'node:path'
import {
  type Certificate,
  type FileSystem,
  MayflyError,
  parseCertificate,
  parseFingerprint,
  readTrustBundle,
  type TrustBundle,
  verifyTrustBundle,
} from '@mayfly/ca-core'
import { inFile } from '@mayfly/platform'
import { writeCeremonyFiles } from '../../ceremony/ceremony-files.ts'
import { describeRoots, planNextBundle } from '../../ceremony/next-bundle.ts'
import { openRootKey } from '../../ceremony/open-root-key.ts'
import type { PassphraseOptions } from '../../ceremony/passphrase.ts'
import { bundleFileNames, openRootFolder, type RootFolder, readText } from '../../ceremony/root-folder.ts'
import { signBundleAtRoot } from '../../ceremony/sign-bundle.ts'
import type { JsonOf } from '../../json/json-fields.ts'
import { type Answer, columns, heading } from '../../terminal/answer.ts'
import type { Session } from '../session.ts'
import type { rootBundleJson } from './root-json.ts'

export interface RootBundleOptions extends PassphraseOptions {
  readonly root: string
  readonly from?: string
  readonly addRoot?: readonly string[]
  readonly removeRoot?: readonly string[]
  readonly distrust?: readonly string[]
  readonly forget?: readonly string[]
  readonly json?: boolean
}

/** `mayfly root bundle` */
export async function rootBundle(
  options: RootBundleOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof rootBundleJson>>> {
  const { fileSystem, clock } = session
  const root = await openRootFolder(fileSystem, resolve(options.root))
  const current = await readCurrent(fileSystem, root, options.from)
  const bundle = planNextBundle(current, {
    addRoots: await readRoots(fileSystem, options.addRoot ?? []),
    removeRoots: await readFingerprints(fileSystem, options.removeRoot ?? []),
    distrust: await readFingerprints(fileSystem, options.distrust ?? []),
    forget: await readFingerprints(fileSystem, options.forget ?? []),
  })
  if (!session.json) session.terminal.say([heading('The next bundle'), ...describeBundle(bundle)].join('\n'))
  const keyPair = await openRootKey(root, options, session)
  const files = await signBundleAtRoot({ root, keyPair, bundle, now: clock.now() })
  await writeCeremonyFiles(fileSystem, files)
  return describe(
    bundle,
    files.map((file) => file.path),
  )
}

/** The bundle to go on from: the newest of this root, or one of another root that trusts this one. */
async function readCurrent(
  fileSystem: FileSystem,
  root: RootFolder,
  from: string | undefined,
): Promise<TrustBundle> {
  if (from === undefined) return root.bundle.content
  const text = await readText(fileSystem, from, 'it was to be the bundle before the next')
  const { bundle, signerFingerprint } = await inFile(from, () => readTrustBundle(text))
  if (!bundle.roots.some(({ fingerprint }) => fingerprint === root.certificate.fingerprint)) {
    throw new MayflyError(
      'bundle-untrusted',
      `${from} does not trust this root, so nobody would take the next from it.`,
    )
  }
  // Only that it is whole: whether its other roots deserve trust is for the person who signs the next to say.
  return verifyTrustBundle(text, { rootFingerprint: signerFingerprint })
}

async function readRoots(fileSystem: FileSystem, paths: readonly string[]): Promise<Certificate[]> {
  return Promise.all(paths.map((path) => readCertificate(fileSystem, path, 'it was to be a root')))
}

/** Each a SHA-256 in hex, or the path of the certificate itself. */
async function readFingerprints(fileSystem: FileSystem, values: readonly string[]): Promise<string[]> {
  return Promise.all(
    values.map(async (value) => {
      if ((await fileSystem.status(value)) === undefined) return parseFingerprint(value)
      return (await readCertificate(fileSystem, value, 'it was to be a certificate')).fingerprint
    }),
  )
}

async function readCertificate(fileSystem: FileSystem, path: string, why: string): Promise<Certificate> {
  const text = await readText(fileSystem, path, why)
  return inFile(path, () => parseCertificate(text))
}

function describe(bundle: TrustBundle, files: readonly string[]): Answer<JsonOf<typeof rootBundleJson>> {
  return {
    json: {
      sequence: bundle.sequence,
      trustDomain: bundle.trustDomain,
      roots: bundle.roots.map(({ fingerprint }) => fingerprint),
      distrusted: bundle.distrusted,
      files,
    },
    lines: [
      heading('The trust bundle was signed.'),
      ...describeBundle(bundle),
      '',
      ...files.map((file) => `  ${file}`),
      '',
      'On the issuer host:',
      `  mayfly issuer install --bundle ${bundleFileNames(bundle.sequence).jws}`,
    ],
  }
}

function describeBundle(bundle: TrustBundle): string[] {
  return columns([
    ['Sequence', String(bundle.sequence)],
    ['Trust domain', bundle.trustDomain],
    ...describeRoots(bundle).map((root) => ['Root', root] as const),
    ...bundle.distrusted.map((fingerprint) => ['Distrusted', fingerprint] as const),
  ])
}
