import {
  createCertificateRequest,
  encodeBase64url,
  endpointPaths,
  endpointUrl,
  type FlattenedJws,
  generateKeyPair,
  type Instant,
  type IssuerAnswer,
  type KeyPair,
  parseCertificate,
  parseCertificateChain,
  parseName,
  type Report,
  signRequest,
} from '@mayfly/ca-core'
import type { Issuer } from '@mayfly/issuer-daemon'
import { systemRandom } from '@mayfly/platform'
import { newRequestId } from '../../../packages/issuer-daemon/src/api/request-id.ts'

/** The issuer as its hosts reach it. */
export interface HostSurroundings {
  readonly issuer: Issuer
  readonly issuerUrl: string
  readonly now: () => Instant
}

interface Held {
  readonly keyPair: KeyPair
  readonly fingerprint: string
  readonly serial: string
  readonly generation: number
}

interface Asked {
  readonly keyPair: KeyPair
  readonly mintAt: Instant
}

/** What an agent does at the issuer: it joins, asks ahead, fetches, and asks ahead again. */
export class SimulatedHost {
  readonly #name: string
  readonly #address: string
  readonly #surroundings: HostSurroundings
  #held: Held | undefined
  #asked: Asked | undefined
  #auditHead: FlattenedJws | undefined

  constructor(number: number, surroundings: HostSurroundings) {
    this.#name = `host-${number}`
    this.#address = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`
    this.#surroundings = surroundings
  }

  /** Does what its time has come for. */
  async act(): Promise<void> {
    if (this.#held === undefined) return this.#enroll()
    if (this.#asked === undefined) return this.#askAhead(this.#held)
    if (this.#asked.mintAt > this.#surroundings.now()) return
    if (await this.#fetch(this.#held, this.#asked)) await this.#askAhead(this.#held)
  }

  async #enroll(): Promise<void> {
    const { issuer } = this.#surroundings
    const names = [`dns:${this.#name}.corp.example`]
    const { token } = await this.#attempt('token.create', (attempt) =>
      issuer.createToken({ identity: this.#name, profile: 'server', names }, attempt),
    )
    const keyPair = await generateKeyPair('ec-p256')
    const body = { csr: await this.#requestFor(keyPair), report: this.#report(undefined) }
    const address = this.#address
    const answer = await this.#attempt('enroll', async (attempt) =>
      issuer.enroll(body, await issuer.authenticateToken(token, { address }), attempt),
    )
    this.#take(keyPair, answer, 1)
  }

  async #askAhead(held: Held): Promise<void> {
    const { issuer, issuerUrl, now } = this.#surroundings
    const keyPair = await generateKeyPair('ec-p256')
    const url = endpointUrl(issuerUrl, endpointPaths.requests)
    const jws = await signRequest({
      keyPair: held.keyPair,
      signer: held,
      url,
      now: now(),
      jti: encodeBase64url(systemRandom.bytes(16)),
      body: { csr: await this.#requestFor(keyPair), report: this.#report(held) },
    })
    const answer = await this.#attempt('request', async (attempt) =>
      issuer.submitRequest(await issuer.authenticateRequest(jws, url, { address: this.#address }), attempt),
    )
    this.#take(keyPair, answer, held.generation + 1)
  }

  async #fetch({ generation }: Held, { keyPair }: Asked): Promise<boolean> {
    const found = await this.#surroundings.issuer.certificate(keyPair.publicKey.hash)
    if (found === undefined) return false
    this.#hold(keyPair, found.chainPem, generation + 1)
    return true
  }

  #take(keyPair: KeyPair, answer: IssuerAnswer, generation: number): void {
    this.#auditHead = answer.auditHead ?? this.#auditHead
    if (answer.status === 'issued') this.#hold(keyPair, answer.chain, generation)
    else this.#asked = { keyPair, mintAt: Date.parse(answer.mintAt) }
  }

  #hold(keyPair: KeyPair, chainPem: string, generation: number): void {
    const [leaf] = parseCertificateChain(chainPem)
    if (leaf === undefined) throw new Error('the chain is empty')
    const { fingerprint, serial } = parseCertificate(leaf.der)
    this.#held = { keyPair, fingerprint, serial, generation }
    this.#asked = undefined
  }

  async #requestFor(keyPair: KeyPair): Promise<string> {
    const names = [parseName(`dns:${this.#name}.corp.example`)]
    return encodeBase64url(await createCertificateRequest({ keyPair, names }))
  }

  #report(held: Held | undefined): Report {
    return {
      version: '0.1.0',
      bundleSequence: 1,
      generation: held?.generation ?? 0,
      servedSerials: held === undefined ? [] : [held.serial],
      clockOffsetSeconds: 0.012,
      ...(this.#auditHead !== undefined && { auditHead: this.#auditHead }),
    }
  }

  async #attempt<Result>(
    action: string,
    use: (attempt: ReturnType<Issuer['openAudit']>) => Promise<Result>,
  ): Promise<Result> {
    const attempt = this.#surroundings.issuer.openAudit({
      requestId: newRequestId(systemRandom),
      action,
      address: this.#address,
    })
    const result = await use(attempt)
    await attempt.close({ outcome: 'done' })
    return result
  }
}
