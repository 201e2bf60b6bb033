import {
  type Authority,
  addSeconds,
  type Certificate,
  type Clock,
  createCertificateRequest,
  createEnrolmentToken,
  createRoot,
  decodeBase64url,
  drawSerial,
  type EnrolmentBody,
  encodeCertificateChain,
  type FlattenedJws,
  formatInstant,
  generateKeyPair,
  type IssuerAnswer,
  isMayflyError,
  type KeyPair,
  keySigner,
  MayflyError,
  mediaTypes,
  type Name,
  type PreparedProfile,
  type ProfileName,
  type PublicKey,
  parseCertificate,
  parseCertificateChain,
  parseCertificateRequest,
  parseName,
  prepareIssuing,
  problemType,
  type Random,
  type Report,
  readRequestHeader,
  signAuditHead,
  signIntermediate,
  signTrustBundle,
  type TrustBundle,
  verifyRequest,
} from '@mayfly/ca-core'
import { encodeSigned } from '../../../ca-core/src/x509/encode-certificate.ts'
import type { Transport, WireRequest, WireResponse } from '../../src/transport/transport.ts'

export interface VirtualIssuerOptions {
  readonly clock: Clock
  readonly random: Random
  readonly lifetimeSeconds?: number
  readonly profile?: ProfileName
  readonly names?: readonly string[]
}

/** What a fault does with a message: an answer in the issuer's place, an error, or nothing. */
export type Fault = (request: WireRequest, answer: () => Promise<WireResponse>) => Promise<WireResponse>

interface Staged {
  readonly publicKey: PublicKey
  readonly mintAt: number
  chainPem?: string
}

/**
 * An issuer of one identity behind a virtual network: real certificates and signatures, no store, and whatever
 * faults a test wants.
 */
export class VirtualIssuer implements Transport {
  readonly #options: Required<VirtualIssuerOptions>
  readonly #staged = new Map<string, Staged>()
  readonly #leaves = new Map<string, Certificate>()
  #authority: Authority
  #profile: PreparedProfile
  #rootKey: KeyPair
  bundle: TrustBundle
  bundleText: string
  /** `Cache-Control` of the bundle. */
  cacheControl: string | undefined
  /** Applied to every message, until it is `undefined` again. */
  fault: Fault | undefined
  /** Everything that came, newest last. */
  readonly requests: WireRequest[] = []
  readonly reports: Report[] = []
  /** Number of the end of its history that it signs and hands out; nothing is handed out without it. */
  historyEnd: number | undefined
  minted = 0
  clockSkewMs = 0
  /** The time for which certificates are made, against its own. */
  mintedAtMs = 0
  url = 'https://issuer.example'
  /** When staged keys are certified, after the request; absent means half a life after the signer's issue. */
  mintAfterMs: number | undefined
  /** Names that certificates carry, in place of the identity's. */
  names: readonly Name[]

  static async create(options: VirtualIssuerOptions): Promise<VirtualIssuer> {
    const full = {
      lifetimeSeconds: 86_400,
      profile: 'peer' as const,
      names: ['dns:web-1.example'],
      ...options,
    }
    const { clock, random } = options
    const rootKey = await generateKeyPair('ec-p256')
    const root = await createRoot({
      keyPair: rootKey,
      commonName: 'Test Root',
      now: addSeconds(clock.now(), -86_400),
      random,
    })
    const { authority, prepared } = await makeAuthority(full, root, rootKey)
    const bundle: TrustBundle = { sequence: 1, trustDomain: 'example', roots: [root], distrusted: [] }
    const text = await signTrustBundle(bundle, { certificate: root, keyPair: rootKey, now: clock.now() })
    return new VirtualIssuer(full, rootKey, authority, prepared, bundle, text)
  }

  private constructor(
    options: Required<VirtualIssuerOptions>,
    rootKey: KeyPair,
    authority: Authority,
    profile: PreparedProfile,
    bundle: TrustBundle,
    bundleText: string,
  ) {
    this.#options = options
    this.#rootKey = rootKey
    this.#authority = authority
    this.#profile = profile
    this.bundle = bundle
    this.bundleText = bundleText
    this.names = options.names.map(parseName)
  }

  get root(): Certificate {
    return this.bundle.roots[0] as Certificate
  }

  token(
    overrides: { rootFingerprint?: string; identity?: string; names?: readonly string[]; jti?: string } = {},
  ): Promise<string> {
    return generateKeyPair('ec-p256').then((keyPair) =>
      createEnrolmentToken({
        keyPair,
        issuerUrl: this.url,
        rootFingerprint: this.root.fingerprint,
        identity: 'web-1',
        profile: this.#options.profile,
        names: this.#options.names,
        jti: 'AAAAAAAAAAAAAAAAAAAAAA',
        now: this.#now(),
        ...overrides,
      }),
    )
  }

  /** A new bundle with the next sequence, signed by the root. */
  async publish(change: Partial<TrustBundle> = {}): Promise<void> {
    this.bundle = { ...this.bundle, sequence: this.bundle.sequence + 1, ...change }
    const signer = { certificate: this.root, keyPair: this.#rootKey, now: this.#now() }
    this.bundleText = await signTrustBundle(this.bundle, signer)
  }

  /** A new intermediate; the old one is distrusted. */
  async replaceIntermediate(): Promise<void> {
    const old = this.#authority.certificate.fingerprint
    const { authority, prepared } = await makeAuthority(this.#options, this.root, this.#rootKey)
    this.#authority = authority
    this.#profile = prepared
    await this.publish({ distrusted: [...this.bundle.distrusted, old] })
  }

  exchange(request: WireRequest): Promise<WireResponse> {
    this.requests.push(request)
    const answer = (): Promise<WireResponse> => this.#answer(request)
    return this.fault === undefined ? answer() : this.fault(request, answer)
  }

  getUnverified(url: string, bodyBytesMax: number): Promise<WireResponse> {
    return this.exchange({ method: 'GET', url, headers: {}, bodyBytesMax })
  }

  async mintChain(
    publicKey: PublicKey,
    names: readonly Name[] = this.names,
    now: number = this.#now() + this.mintedAtMs,
  ): Promise<string> {
    const plan = this.#profile.plan({
      identity: { name: 'web-1', names },
      publicKey,
      serial: drawSerial(this.#options.random, now),
      now,
      lifetimeSeconds: this.#options.lifetimeSeconds,
    })
    const leaf = parseCertificate((await this.#profile.issue(plan)).der)
    this.minted++
    this.#leaves.set(leaf.fingerprint, leaf)
    return encodeCertificateChain([leaf, this.#authority.certificate])
  }

  /**
   * The chain with a leaf that names another authority's key as its signer's (RFC 5280 4.2.1.1), signed all the same: OpenSSL
   * finds no issuer for it. None of ours would sign that.
   */
  async misdirected(chainPem: string): Promise<string> {
    const [leaf] = parseCertificateChain(chainPem)
    const { certificate, signer } = this.#authority
    const keyId = Buffer.from(certificate.subjectKeyId ?? '', 'hex')
    if (leaf === undefined || keyId.length === 0) throw new TypeError('a chain without key identifiers')
    const tbs = Buffer.from(leaf.tbs)
    const at = tbs.indexOf(keyId)
    tbs.writeUInt8(tbs.readUInt8(at) ^ 0xff, at)
    const other = parseCertificate(encodeSigned(tbs, leaf.signatureAlgorithm, await signer.sign(tbs)))
    return encodeCertificateChain([other, certificate])
  }

  #now(): number {
    return this.#options.clock.now() + this.clockSkewMs
  }

  async #answer(request: WireRequest): Promise<WireResponse> {
    const path = new URL(request.url).pathname
    try {
      if (path === '/v1/bundle') return this.#bundle(request)
      if (path === '/v1/enrollments')
        return this.#json(await this.#withEnd(await this.#enroll(JSON.parse(request.body ?? ''))))
      if (path === '/v1/requests')
        return this.#json(
          await this.#withEnd(await this.#request(JSON.parse(request.body ?? ''), request.url)),
        )
      return await this.#certificate(path.slice('/v1/certificates/'.length))
    } catch (error) {
      if (isMayflyError(error)) return this.problem(error)
      throw error
    }
  }

  #bundle({ headers }: WireRequest): WireResponse {
    const isHeld = headers['if-none-match'] === `"${this.bundle.sequence}"`
    const answer = this.answer(isHeld ? 304 : 200, mediaTypes.jws, isHeld ? '' : this.bundleText)
    const said = this.cacheControl === undefined ? {} : { 'cache-control': this.cacheControl }
    return { ...answer, headers: { ...answer.headers, ...said } }
  }

  async #enroll(body: EnrolmentBody): Promise<IssuerAnswer> {
    const { publicKey } = parseCertificateRequest(decodeBase64url(body.csr))
    const staged = this.#staged.get(publicKey.hash) ?? { publicKey, mintAt: this.#now() }
    this.#staged.set(publicKey.hash, staged)
    return this.#issued(staged)
  }

  async #request(jws: FlattenedJws, url: string): Promise<IssuerAnswer> {
    const signer = this.#leaves.get(readRequestHeader(jws).signer.fingerprint)
    if (signer === undefined)
      throw new MayflyError('lineage-unknown', 'The certificate is not from this issuer.')
    const body = await verifyRequest(jws, { publicKey: signer.publicKey, url, now: this.#now() })
    this.reports.push(body.report)
    const { publicKey } = parseCertificateRequest(decodeBase64url(body.csr))
    const half = signer.notAfter - (this.#options.lifetimeSeconds * 1_000) / 2
    const mintAt = this.mintAfterMs === undefined ? half : this.#now() + this.mintAfterMs
    const staged = this.#staged.get(publicKey.hash) ?? { publicKey, mintAt }
    this.#staged.set(publicKey.hash, staged)
    if (body.immediate === true || staged.mintAt <= this.#now()) return this.#issued(staged)
    return { status: 'scheduled', mintAt: formatInstant(staged.mintAt), keyHash: publicKey.hash }
  }

  async #withEnd(answer: IssuerAnswer): Promise<IssuerAnswer> {
    if (this.historyEnd === undefined) return answer
    const { trustDomain } = this.bundle
    const head = { number: this.historyEnd, hash: 'ab'.repeat(32), at: this.#now(), trustDomain }
    return { ...answer, auditHead: await signAuditHead(head, this.#authority) }
  }

  async #issued(staged: Staged): Promise<IssuerAnswer> {
    staged.chainPem ??= await this.mintChain(staged.publicKey)
    const [leaf] = parseCertificateChain(staged.chainPem)
    if (leaf === undefined) throw new TypeError('an empty chain')
    return {
      status: 'issued',
      serial: leaf.serial,
      generation: this.minted,
      chain: staged.chainPem,
      notAfter: formatInstant(leaf.notAfter),
      renewAt: formatInstant(leaf.notAfter),
      bundleSequence: this.bundle.sequence,
    }
  }

  async #certificate(keyHash: string): Promise<WireResponse> {
    const staged = this.#staged.get(keyHash)
    if (staged === undefined || staged.mintAt > this.#now()) {
      const problem = this.problem(new MayflyError('not-minted', 'There is no certificate for this key yet.'))
      return { ...problem, headers: { ...problem.headers, 'retry-after': '60' } }
    }
    staged.chainPem ??= await this.mintChain(staged.publicKey)
    return this.answer(200, mediaTypes.pemChain, staged.chainPem)
  }

  #json(value: unknown): WireResponse {
    return this.answer(200, mediaTypes.json, JSON.stringify(value))
  }

  problem({ code, message }: MayflyError): WireResponse {
    const status = code === 'not-minted' ? 404 : 403
    const problem = { type: problemType(code), title: code, status, detail: message, code, requestId: 'r1' }
    return this.answer(status, mediaTypes.problem, JSON.stringify(problem))
  }

  answer(status: number, type: string, body: string): WireResponse {
    const headers = { 'content-type': type, date: new Date(this.#now()).toUTCString() }
    return { status, headers, body: new TextEncoder().encode(body) }
  }
}

async function makeAuthority(
  { clock, random, profile }: Required<VirtualIssuerOptions>,
  root: Certificate,
  rootKey: KeyPair,
): Promise<{ authority: Authority; prepared: PreparedProfile }> {
  const keyPair = await generateKeyPair('ec-p256')
  const request = parseCertificateRequest(await createCertificateRequest({ keyPair }))
  const certificate = await signIntermediate({
    root: { certificate: root, signer: keySigner(rootKey) },
    request,
    now: clock.now(),
    random,
  })
  const authority: Authority = { certificate, chain: [certificate], signer: keySigner(keyPair) }
  return { authority, prepared: await prepareIssuing({ authority, profile }) }
}
