import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Certificate,
  createCertificateRequest,
  createRoot,
  encodeBase64url,
  endpointPaths,
  endpointUrl,
  generateKeyPair,
  type IssuerAnswer,
  type KeyPair,
  type KeyType,
  keySigner,
  parseCertificateChain,
  parseCertificateRequest,
  parseName,
  type Random,
  type Report,
  signIntermediate,
  signRequest,
  signTrustBundle,
  type TrustBundle,
} from '@mayfly/ca-core'
import { FakeClock } from '../../../../test/fakes/fake-clock.ts'
import { FakeRandom } from '../../../../test/fakes/fake-random.ts'
import { FakeSigner } from '../../../../test/fakes/fake-signer.ts'
import { endingOfError } from '../../src/audit/audit-attempt.ts'
import { prepareAuthority } from '../../src/authority/load-authority.ts'
import { createIssuer } from '../../src/issuing/create-issuer.ts'
import type { Issuer } from '../../src/issuing/issuer.ts'
import type { IssuerPorts } from '../../src/issuing/issuer-ports.ts'
import type { Policy } from '../../src/issuing/policy.ts'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'

export const testPolicy: Policy = {
  issuerUrl: 'https://issuer.example:8443',
  lifetimeSeconds: 86_400,
  cycleSeconds: 43_200,
  recoveryWindowSeconds: 604_800,
  keyTypes: ['ec-p256', 'ed25519'],
  tokenLifetimeSeconds: 900,
  dailyQuota: 50,
  retentionSeconds: 604_800,
  sweepChunk: 10,
}

export const testReport: Report = {
  version: '0.1.0',
  bundleSequence: 1,
  generation: 1,
  servedSerials: [],
  clockOffsetSeconds: 0,
}

/** The issuer's use cases on a real SQLite file, with a clock and a randomness of the test's own. */
export interface IssuerKit {
  readonly issuer: Issuer
  readonly ports: IssuerPorts
  readonly store: Store
  readonly clock: FakeClock
  readonly signer: FakeSigner
  readonly bundle: TrustBundle
  /** Names of the steps so far. */
  readonly steps: string[]
  /** Closes the store and opens it again, as the next start does. */
  restart(): Promise<IssuerKit>
  /** Opens the store again after the test has closed it. */
  reopen(): Promise<IssuerKit>
  /** The file of the store. */
  readonly path: string
  close(): Promise<void>
}

export interface IssuerKitOptions {
  /** What the clock shows at first. */
  readonly start?: number
  readonly policy?: Partial<Policy>
  readonly random?: Random
  /** Stands before the real store. */
  readonly wrapStore?: (store: Store) => Store
}

/** Start of the fake clock's day plus the time that root and intermediate are older. */
const authorityAgeMs = 3_600_000

export async function createIssuerKit(options: IssuerKitOptions = {}): Promise<IssuerKit> {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-issuer-'))
  const clock = new FakeClock(options.start)
  const random = options.random ?? new FakeRandom(folder)
  const { issuing, served, signer } = await createAuthority(clock.now() - authorityAgeMs)
  const tokenKey = await generateKeyPair('ec-p256')
  const path = join(folder, 'store.sqlite')

  async function start(): Promise<IssuerKit> {
    const store = await openSqliteStore({ path })
    const steps: string[] = []
    const ports: IssuerPorts = {
      store: options.wrapStore?.(store) ?? store,
      clock,
      random,
      trace: { step: (name) => void steps.push(name) },
      authority: () => issuing,
      bundle: () => served,
      tokenKey,
      policy: { ...testPolicy, ...options.policy },
    }
    return {
      issuer: createIssuer(ports),
      ports,
      store,
      clock,
      signer,
      bundle: served.bundle,
      steps,
      path,
      reopen: start,
      async restart() {
        await store.close()
        return start()
      },
      async close() {
        await store.close()
        rmSync(folder, { recursive: true })
      },
    }
  }
  return start()
}

async function createAuthority(now: number) {
  const random = new FakeRandom('authority')
  const rootKey = await generateKeyPair('ec-p256')
  const root = await createRoot({ keyPair: rootKey, commonName: 'Test Root', now, random })
  const keyPair = await generateKeyPair('ec-p256')
  const certificate = await signIntermediate({
    root: { certificate: root, signer: keySigner(rootKey) },
    request: parseCertificateRequest(await createCertificateRequest({ keyPair })),
    now,
    random,
  })
  const bundle: TrustBundle = { sequence: 1, trustDomain: 'test.example', roots: [root], distrusted: [] }
  const text = await signTrustBundle(bundle, { certificate: root, keyPair: rootKey, now })
  const signer = new FakeSigner(keySigner(keyPair))
  const issuing = await prepareAuthority({ certificate, chain: [certificate], signer }, root.fingerprint)
  return { issuing, served: { text, bundle }, signer }
}

/** A host as the issuer sees it: it makes keys, asks, and keeps what it got. */
export interface TestHost {
  readonly name: string
  readonly address: string
  /** Joins with a new token; the certificate becomes the current one. */
  enroll(options?: { readonly keyPair?: KeyPair; readonly token?: string }): Promise<HeldCertificate>
  /** Asks for the next certificate, signed with `by` (default: the current one). */
  request(options?: HostRequest): Promise<IssuerAnswer>
  /** The certificate for a key that was minted meanwhile. */
  fetch(keyPair: KeyPair): Promise<HeldCertificate | undefined>
  /** Takes a certificate into use. */
  use(held: HeldCertificate): void
  readonly current: HeldCertificate
}

export interface HeldCertificate {
  readonly keyPair: KeyPair
  readonly certificate: Certificate
}

export interface HostRequest {
  readonly keyPair?: KeyPair
  readonly by?: HeldCertificate
  readonly names?: readonly string[]
  readonly commonName?: string
  readonly keyType?: KeyType
  readonly immediate?: boolean
  readonly jti?: string
  readonly report?: Partial<Report>
  /** Shows the certificate that signs, as to an issuer that forgot it. */
  readonly introduce?: boolean
  readonly url?: string
  /** Default: the keys that this host asked for before with the same certificate. */
  readonly replaces?: readonly string[]
  /** When the host signs; default now. */
  readonly signedAt?: number
}

let counted = 0

/** Calls `use` in the order of a request's way: authenticate, open the record, use case, close the record. */
export function createHost(kit: () => IssuerKit, name: string, address: string): TestHost {
  let held: HeldCertificate | undefined
  /** By the certificate that signed: the keys asked for, newest first. */
  const asked = new Map<string, string[]>()
  const current = (): HeldCertificate => {
    if (held === undefined) throw new TypeError(`${name} was not enrolled`)
    return held
  }
  return {
    name,
    address,
    get current() {
      return current()
    },
    use(next) {
      held = next
    },
    async enroll(options = {}) {
      const keyPair = options.keyPair ?? (await generateKeyPair('ec-p256'))
      const { issuer } = kit()
      const token = options.token ?? (await createTestToken(kit(), name))
      const csr = encodeBase64url(await createCertificateRequest({ keyPair, commonName: name }))
      const answer = await attempted(issuer, 'enroll', address, async (attempt) =>
        issuer.enroll(
          { csr, report: testReport },
          await issuer.authenticateToken(token, { address }),
          attempt,
        ),
      )
      held = { keyPair, certificate: firstOf(answer.chain) }
      return held
    },
    async request(options = {}) {
      const { by = current(), jti = `nonce-${String(counted++).padStart(16, '0')}` } = options
      const keyPair = options.keyPair ?? (await generateKeyPair(options.keyType ?? 'ec-p256'))
      const { issuer, clock } = kit()
      const url = endpointUrl(testPolicy.issuerUrl, endpointPaths.requests)
      const csr = await createCertificateRequest({
        keyPair,
        ...(options.commonName !== undefined && { commonName: options.commonName }),
        ...(options.names && { names: options.names.map(parseName) }),
      })
      const { fingerprint } = by.certificate
      const { hash } = keyPair.publicKey
      const replaces = options.replaces ?? (asked.get(fingerprint) ?? []).filter((other) => other !== hash)
      asked.set(fingerprint, [hash, ...replaces])
      const jws = await signRequest({
        keyPair: by.keyPair,
        signer: by.certificate,
        url: options.url ?? url,
        now: options.signedAt ?? clock.now(),
        jti,
        body: {
          csr: encodeBase64url(csr),
          report: { ...testReport, ...options.report },
          ...(replaces.length > 0 && { replaces }),
          ...(options.introduce && {
            introduction: { identity: name, certificate: encodeBase64url(by.certificate.der) },
          }),
          ...(options.immediate !== undefined && { immediate: options.immediate }),
        },
      })
      return attempted(issuer, 'request', address, async (attempt) =>
        issuer.submitRequest(await issuer.authenticateRequest(jws, url, { address }), attempt),
      )
    },
    async fetch(keyPair) {
      const found = await kit().issuer.certificate(keyPair.publicKey.hash)
      return found === undefined ? undefined : { keyPair, certificate: firstOf(found.chainPem) }
    },
  }
}

/** A token for an identity that is made with it if need be. */
export async function createTestToken({ issuer }: IssuerKit, identity: string): Promise<string> {
  const known = (await issuer.listIdentities({ name: identity })).identities.length > 0
  const names = known ? [] : [`dns:${identity}.example`]
  const { token } = await attempted(issuer, 'token.create', undefined, (attempt) =>
    issuer.createToken({ identity, profile: 'server', names }, attempt),
  )
  return token
}

/** As the request path does: the record is closed whatever comes of it. */
export async function attempted<Result>(
  issuer: Issuer,
  action: string,
  address: string | undefined,
  use: (attempt: ReturnType<Issuer['openAudit']>) => Promise<Result>,
): Promise<Result> {
  const attempt = issuer.openAudit({
    requestId: `request-${counted++}`,
    action,
    ...(address !== undefined && { address }),
  })
  try {
    const result = await use(attempt)
    await attempt.close({ outcome: 'done' })
    return result
  } catch (error) {
    await attempt.close(endingOfError(error)).catch(() => undefined)
    throw error
  }
}

/** All audit records, as objects. */
export async function auditOf({ store }: Pick<IssuerKit, 'store'>): Promise<Record<string, unknown>[]> {
  const records = await store.auditRecords({ afterNumber: 0, limit: 10_000 })
  return records.map(({ text }) => JSON.parse(text) as Record<string, unknown>)
}

export function firstOf(chainPem: string): Certificate {
  const [first] = parseCertificateChain(chainPem)
  if (first === undefined) throw new TypeError('the chain is empty')
  return first
}
