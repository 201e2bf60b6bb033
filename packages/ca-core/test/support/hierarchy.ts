import { FakeRandom } from '../../../../test/fakes/fake-random.ts'
import {
  type Authority,
  type Certificate,
  createCertificateRequest,
  createRoot,
  drawSerial,
  generateKeyPair,
  type KeyPair,
  type KeyType,
  keySigner,
  type NameConstraints,
  type ProfileName,
  parseCertificate,
  parseCertificateRequest,
  parseNames,
  prepareIssuing,
  signIntermediate,
} from '../../src/index.ts'

/** A fixed day, so that no test depends on when it runs. */
export const testNow: number = Date.UTC(2026, 5, 1, 12)

export const testRandom: FakeRandom = new FakeRandom('ca-core')

export interface Hierarchy {
  readonly rootKey: KeyPair
  readonly root: Certificate
  readonly intermediateKey: KeyPair
  readonly intermediate: Certificate
  readonly authority: Authority
}

export interface HierarchyOptions {
  readonly rootType?: KeyType
  readonly intermediateType?: KeyType
  readonly nameConstraints?: NameConstraints
  readonly now?: number
}

/** A root and an intermediate, made as the ceremony makes them. */
export async function makeHierarchy(options: HierarchyOptions = {}): Promise<Hierarchy> {
  const { rootType = 'ec-p256', intermediateType = 'ec-p256', nameConstraints, now = testNow } = options
  const rootKey = await generateKeyPair(rootType)
  const intermediateKey = await generateKeyPair(intermediateType)
  const root = await createRoot({ keyPair: rootKey, commonName: 'Test Root', now, random: testRandom })
  const request = parseCertificateRequest(await createCertificateRequest({ keyPair: intermediateKey }))
  const intermediate = await signIntermediate({
    root: { certificate: root, signer: keySigner(rootKey) },
    request,
    now,
    random: testRandom,
    ...(nameConstraints === undefined ? {} : { nameConstraints }),
  })
  const authority = { certificate: intermediate, chain: [intermediate], signer: keySigner(intermediateKey) }
  return { rootKey, root, intermediateKey, intermediate, authority }
}

export interface LeafOptions {
  readonly profile?: ProfileName
  readonly names?: readonly string[]
  readonly keyPair?: KeyPair
  readonly now?: number
  readonly lifetimeSeconds?: number
}

/** A leaf, issued as the daemon issues them. */
export async function issueLeaf(authority: Authority, options: LeafOptions = {}): Promise<Certificate> {
  const { profile = 'server', names = ['web-1.example'], now = testNow, lifetimeSeconds = 43_200 } = options
  const keyPair = options.keyPair ?? (await generateKeyPair('ec-p256'))
  const prepared = await prepareIssuing({ authority, profile })
  const plan = prepared.plan({
    identity: { name: 'web-1', names: parseNames(names) },
    publicKey: keyPair.publicKey,
    serial: drawSerial(testRandom, now),
    now,
    lifetimeSeconds,
  })
  return parseCertificate((await prepared.issue(plan)).der)
}
