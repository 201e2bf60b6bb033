import {
  type Certificate,
  createCertificateRequest,
  createRoot,
  dayMs,
  generateKeyPair,
  type Instant,
  type KeyPair,
  keySigner,
  parseCertificateRequest,
  type Random,
  signIntermediate,
  signTrustBundle,
  type TrustBundle,
} from '@mayfly/ca-core'
import { type IssuingAuthority, prepareAuthority, type ServedBundle } from '@mayfly/issuer-daemon'
import type { Ledger } from '../promises/ledger.ts'

/** The root box of a story, and what it has signed so far. */
export interface Ceremony {
  readonly root: Certificate
  authority(): IssuingAuthority
  bundle(): ServedBundle
  /** A new intermediate takes over. */
  replaceIntermediate(now: Instant): Promise<void>
  /** A new bundle; with `distrusting`, every intermediate but the current one is distrusted. */
  publishBundle(now: Instant, distrusting?: 'old-intermediates'): Promise<void>
}

export async function holdCeremony(now: Instant, random: Random, ledger: Ledger): Promise<Ceremony> {
  const rootKey = await generateKeyPair('ec-p256')
  const rootAt = now - dayMs
  const root = await createRoot({ keyPair: rootKey, commonName: 'Story Root', now: rootAt, random })
  const earlier: string[] = []
  let authority = await makeAuthority(root, rootKey, now, random, ledger)
  let served = await signBundle({ sequence: 1, trustDomain, roots: [root], distrusted: [] }, rootKey, now)
  return {
    root,
    authority: () => authority,
    bundle: () => served,
    async replaceIntermediate(at) {
      earlier.push(authority.authority.certificate.fingerprint)
      authority = await makeAuthority(root, rootKey, at, random, ledger)
    },
    async publishBundle(at, distrusting) {
      const { sequence, distrusted } = served.bundle
      const bundle = {
        sequence: sequence + 1,
        trustDomain,
        roots: [root],
        distrusted: distrusting === undefined ? distrusted : [...earlier],
      }
      served = await signBundle(bundle, rootKey, at)
    },
  }
}

const trustDomain = 'story.example'

async function signBundle(bundle: TrustBundle, rootKey: KeyPair, now: Instant): Promise<ServedBundle> {
  const [root] = bundle.roots
  if (root === undefined) throw new TypeError('a bundle needs a root')
  return { bundle, text: await signTrustBundle(bundle, { certificate: root, keyPair: rootKey, now }) }
}

async function makeAuthority(
  root: Certificate,
  rootKey: KeyPair,
  now: Instant,
  random: Random,
  ledger: Ledger,
): Promise<IssuingAuthority> {
  const keyPair = await generateKeyPair('ec-p256')
  const certificate = await signIntermediate({
    root: { certificate: root, signer: keySigner(rootKey) },
    request: parseCertificateRequest(await createCertificateRequest({ keyPair })),
    now,
    random,
  })
  const authority = { certificate, chain: [certificate], signer: keySigner(keyPair) }
  return underWatch(await prepareAuthority(authority, root.fingerprint), ledger)
}

/** Every signature under a leaf is told to the ledger first. */
function underWatch(issuing: IssuingAuthority, ledger: Ledger): IssuingAuthority {
  const { server, client, peer } = issuing.profiles
  const watch = (profile: typeof server): typeof server => ({
    ...profile,
    async issue(plan) {
      ledger.signing(plan.serial, plan.publicKey.hash)
      return profile.issue(plan)
    },
  })
  return { ...issuing, profiles: { server: watch(server), client: watch(client), peer: watch(peer) } }
}
