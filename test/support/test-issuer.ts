import {
  type Authority,
  createCertificateRequest,
  createRoot,
  drawSerial,
  encodeCertificateChain,
  generateKeyPair,
  type Instant,
  type KeyPair,
  type KeyType,
  keySigner,
  minuteMs,
  type PreparedProfile,
  type ProfileName,
  parseCertificate,
  parseCertificateRequest,
  parseNames,
  prepareIssuing,
  signIntermediate,
  type TrustBundle,
} from '@mayfly/ca-core'
import { systemClock, systemRandom } from '@mayfly/platform'
import type { Material } from '../../packages/agent/src/formats/material.ts'

/** A root and an intermediate of ca-core itself. */
export interface TestAuthority {
  readonly authority: Authority
  readonly bundle: TrustBundle
}

/** A test authority that issues what an agent would be given. */
export interface TestIssuer {
  readonly bundle: TrustBundle
  /** SHA-256 of the intermediate. */
  readonly intermediateFingerprint: string
  issue(order?: TestOrder): Promise<Material>
}

export interface TestOrder {
  /** Default: `dns:web-1.example`, `ip:127.0.0.1`. */
  readonly names?: readonly string[]
  /** Default: `server`. */
  readonly profile?: ProfileName
  readonly keyType?: KeyType
  readonly keyPair?: KeyPair
  /** Default: the real clock's. */
  readonly now?: Instant
  readonly lifetimeSeconds?: number
}

export interface TestIssuerOptions {
  /** Of root and intermediate. Default: `ec-p256`. */
  readonly keyType?: KeyType
  /** When root and intermediate were made. Default: ten minutes ago. */
  readonly now?: Instant
}

export async function createTestAuthority(options: TestIssuerOptions = {}): Promise<TestAuthority> {
  const { keyType = 'ec-p256', now = systemClock.now() - 10 * minuteMs } = options
  const rootKey = await generateKeyPair(keyType)
  const root = await createRoot({ keyPair: rootKey, commonName: 'Test Root', now, random: systemRandom })
  const intermediateKey = await generateKeyPair(keyType)
  const intermediate = await signIntermediate({
    root: { certificate: root, signer: keySigner(rootKey) },
    request: parseCertificateRequest(await createCertificateRequest({ keyPair: intermediateKey })),
    now,
    random: systemRandom,
  })
  const authority = { certificate: intermediate, chain: [intermediate], signer: keySigner(intermediateKey) }
  const bundle: TrustBundle = { sequence: 1, trustDomain: 'test.example', roots: [root], distrusted: [] }
  return { authority, bundle }
}

export async function createTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const { authority, bundle } = await createTestAuthority(options)
  const intermediate = authority.certificate
  const prepared = new Map<ProfileName, Promise<PreparedProfile>>()

  async function issue(order: TestOrder = {}): Promise<Material> {
    const { profile = 'server', names = ['dns:web-1.example', 'ip:127.0.0.1'] } = order
    const keyPair = order.keyPair ?? (await generateKeyPair(order.keyType ?? 'ec-p256'))
    const ready = prepared.get(profile) ?? prepareIssuing({ authority, profile })
    prepared.set(profile, ready)
    const { plan, issue: sign } = await ready
    const now = order.now ?? systemClock.now()
    const leaf = await sign(
      plan({
        identity: { name: 'web-1', names: parseNames(names) },
        publicKey: keyPair.publicKey,
        serial: drawSerial(systemRandom, now),
        now,
        lifetimeSeconds: order.lifetimeSeconds ?? 3_600,
      }),
    )
    const chain = [parseCertificate(leaf.der), intermediate]
    return { chain, chainPem: encodeCertificateChain(chain), keyPair, bundle }
  }

  return { bundle, intermediateFingerprint: intermediate.fingerprint, issue }
}
