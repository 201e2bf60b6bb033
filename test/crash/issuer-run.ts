import { join } from 'node:path'
import {
  createCertificateRequest,
  createRoot,
  dayMs,
  encodeBase64url,
  endpointPaths,
  endpointUrl,
  generateKeyPair,
  type IssuerAnswer,
  keySigner,
  parseCertificateChain,
  parseCertificateRequestPem,
  parsePrivateKey,
  signIntermediate,
  signRequest,
  signTrustBundle,
} from '@mayfly/ca-core'
import {
  createIssuer,
  type Issuer,
  initAuthority,
  installAuthority,
  type LoadedAuthority,
  loadAuthority,
  openSqliteStore,
  openStore,
  type Store,
  type StoreLocation,
  type SweepReport,
} from '@mayfly/issuer-daemon'
import { nodeFileSystem, systemClock, systemRandom } from '@mayfly/platform'
import { readPostgresUrl } from '../../packages/issuer-daemon/src/store/postgres/connecting/postgres-url.ts'
import { layQuickKeys } from '../support/quick-keys.ts'
import { type CrashPlace, type CrashWork, crashPassphrase, crashPolicy } from './issuer-task.ts'

/** An issuer's real use cases on its real state folder. */
export interface IssuerRun {
  readonly issuer: Issuer
  readonly store: Store
  /** Is told of each step. */
  readonly step: (name: string) => void
}

const address = '192.0.2.1'

/** What the issuer signs with. To open its keys is meant to be slow. */
export function openAuthority(state: string): Promise<LoadedAuthority> {
  const now = systemClock.now()
  return loadAuthority({ fileSystem: nodeFileSystem, state, passphrase: crashPassphrase, now })
}

/** What a start does, but for the network. */
export async function startIssuer(
  place: CrashPlace,
  loaded: LoadedAuthority,
  step: (name: string) => void,
): Promise<IssuerRun> {
  const store = await openCrashStore(place)
  const issuer = createIssuer({
    store,
    clock: systemClock,
    random: systemRandom,
    trace: { step },
    authority: () => loaded.issuing,
    bundle: () => loaded.served,
    tokenKey: loaded.tokenKey,
    policy: crashPolicy,
  })
  return { issuer, store, step }
}

function openCrashStore(place: CrashPlace): Promise<Store> {
  const { state, writesInThread = false } = place
  if (writesInThread) return openSqliteStore({ path: join(state, 'store.sqlite'), changesInLoopMax: 0 })
  return openStore(storeOf(place), {
    fileSystem: nodeFileSystem,
    environment: {},
    clock: systemClock,
    random: systemRandom,
  })
}

function storeOf({ state, database }: CrashPlace): StoreLocation {
  if (database === undefined) return { kind: 'sqlite', path: join(state, 'store.sqlite') }
  const { url, leaseSeconds } = database
  const read = readPostgresUrl(url)
  if (!read.ok) throw new TypeError(read.reason)
  return { kind: 'postgres', address: read.address, leaseSeconds }
}

export async function perform(work: CrashWork, run: IssuerRun): Promise<IssuerAnswer | SweepReport> {
  if (work.do === 'sweep') return run.issuer.sweep({ until: systemClock.now() + dayMs })
  const answer = await (work.do === 'enroll' ? enroll(work, run) : request(work, run))
  run.step('answered')
  return answer
}

async function enroll(
  { token, keyPem }: Extract<CrashWork, { do: 'enroll' }>,
  { issuer }: IssuerRun,
): Promise<IssuerAnswer> {
  const csr = encodeBase64url(await createCertificateRequest({ keyPair: parsePrivateKey(keyPem) }))
  const attempt = issuer.openAudit({ requestId: 'enroll', action: 'enroll', address })
  return issuer.enroll({ csr }, await issuer.authenticateToken(token, { address }), attempt)
}

async function request(
  work: Extract<CrashWork, { do: 'request' }>,
  { issuer }: IssuerRun,
): Promise<IssuerAnswer> {
  const [held] = parseCertificateChain(work.heldChain)
  if (held === undefined) throw new TypeError('the chain that is held is empty')
  const url = endpointUrl(crashPolicy.issuerUrl, endpointPaths.requests)
  const csr = await createCertificateRequest({ keyPair: parsePrivateKey(work.keyPem) })
  const report = {
    version: '0.1.0',
    bundleSequence: 1,
    generation: 1,
    servedSerials: [],
    clockOffsetSeconds: 0,
  }
  const jws = await signRequest({
    keyPair: parsePrivateKey(work.heldKeyPem),
    signer: held,
    url,
    now: systemClock.now(),
    jti: encodeBase64url(systemRandom.bytes(16)),
    body: { csr: encodeBase64url(csr), report, immediate: work.immediate },
  })
  const attempt = issuer.openAudit({ requestId: 'request', action: 'request', address })
  return issuer.submitRequest(await issuer.authenticateRequest(jws, url, { address }), attempt)
}

/** A state folder as the ceremony leaves it. */
export async function prepareState(state: string): Promise<void> {
  const now = systemClock.now()
  const fileSystem = nodeFileSystem
  await layQuickKeys(fileSystem, state, Buffer.from(crashPassphrase).toString())
  const { requestPem } = await initAuthority({
    fileSystem,
    random: systemRandom,
    state,
    keyType: 'ec-p256',
    passphrase: crashPassphrase,
  })
  const keyPair = await generateKeyPair('ec-p256')
  const root = await createRoot({ keyPair, commonName: 'Crash Root', now, random: systemRandom })
  const intermediate = await signIntermediate({
    root: { certificate: root, signer: keySigner(keyPair) },
    request: parseCertificateRequestPem(requestPem),
    now,
    random: systemRandom,
  })
  const bundle = { sequence: 1, trustDomain: 'crash.example', roots: [root], distrusted: [] }
  await installAuthority({
    fileSystem,
    state,
    now,
    intermediatePem: intermediate.pem,
    bundleText: await signTrustBundle(bundle, { certificate: root, keyPair, now }),
    rootFingerprint: root.fingerprint,
  })
}
