import { join } from 'node:path'
import {
  type Certificate,
  generateKeyPair,
  hourMs,
  type Instant,
  type KeyPair,
  minuteMs,
  parseCertificateChain,
  secondMs,
  type TrustBundle,
  verifyChain,
} from '@mayfly/ca-core'
import { createIssuer, type Issuer, openSqliteStore, type Policy, type Store } from '@mayfly/issuer-daemon'
import type { WireRequest, WireResponse } from '../../../packages/agent/src/transport/transport.ts'
import { createRateLimits } from '../../../packages/issuer-daemon/src/api/limits/rate-limits.ts'
import type { ChangePart } from '../../../packages/issuer-daemon/src/store/change.ts'
import { mintOwnCertificate } from '../../../packages/issuer-daemon/src/tls/own-certificate.ts'
import type { Dice } from '../dice.ts'
import type { Mutation } from '../mutation.ts'
import type { Ledger } from '../promises/ledger.ts'
import { ProcessEnded, watchStore } from '../promises/watched-store.ts'
import type { Story } from '../stories/story.ts'
import type { Owner, Timeline } from '../stories/timeline.ts'
import type { Ceremony } from './ceremony.ts'
import { type IssuerDoor, openIssuerDoor } from './issuer-door.ts'
import { WallClock } from './virtual-clock.ts'

export const issuerUrl = 'https://issuer.story.example'
const ownNames = ['dns:issuer.story.example']

/** What `issuer.yaml` says where it says nothing. */
export const policy: Policy = {
  issuerUrl,
  lifetimeSeconds: 86_400,
  cycleSeconds: 43_200,
  recoveryWindowSeconds: 604_800,
  keyTypes: ['ec-p256'],
  tokenLifetimeSeconds: 900,
  dailyQuota: 8,
  retentionSeconds: 30 * 86_400,
  sweepChunk: 500,
}
const rateLimits = {
  address: { perMinute: 1_200, burst: 200 },
  identity: { perMinute: 60, burst: 20 },
  enrolmentFailures: { perMinute: 6, burst: 10 },
  unproven: { perMinute: 30, burst: 60 },
  unprovenInAll: { perMinute: 120, burst: 600 },
  newcomers: { perMinute: 18_000, burst: 3_000 },
}
const sweepEveryMs = 5 * minuteMs
/** The issuer's own certificate is tried again after this long. */
const ownRetryMs = minuteMs

export interface IssuerSiteOptions {
  readonly timeline: Timeline
  readonly story: Story
  readonly ledger: Ledger
  readonly ceremony: Ceremony
  readonly dice: Dice
  readonly folder: string
  readonly mutation: Mutation
  /** `bundle.maxAge` of its `issuer.yaml`. */
  readonly bundleMaxAgeSeconds: number | undefined
}

interface Process extends Owner {
  readonly issuer: Issuer
  readonly store: Store
  readonly door: IssuerDoor
  own: Certificate
  ownChain: readonly Certificate[]
}

/** The issuer's machine: its real use cases on its real store, in one process after the other. */
export class IssuerSite {
  readonly #options: IssuerSiteOptions
  readonly #clock: WallClock
  readonly #tokenKey: KeyPair
  readonly #verdicts = new Map<string, boolean>()
  readonly #mintTimes = new Map<number, Instant>()
  /** None of them is before. */
  #mintsFrom: Instant = Number.POSITIVE_INFINITY
  #process: Process | undefined
  #closing: Promise<void> = Promise.resolve()
  /** The step after which the process is to die. */
  #deadly: { readonly step: string; readonly restartAt: Instant } | undefined
  isDiskFull = false
  hasPower = true

  static async prepare(options: IssuerSiteOptions): Promise<IssuerSite> {
    return new IssuerSite(options, await generateKeyPair('ec-p256'))
  }

  private constructor(options: IssuerSiteOptions, tokenKey: KeyPair) {
    this.#options = options
    this.#tokenKey = tokenKey
    this.#clock = new WallClock(options.timeline, 0)
  }

  get isUp(): boolean {
    return this.#process !== undefined
  }

  get clockAheadMs(): number {
    return this.#clock.aheadMs
  }

  setClock(aheadMs: number): void {
    this.#clock.aheadMs = aheadMs
  }

  /** The use cases, for what an operator does. */
  get issuer(): Issuer {
    if (this.#process === undefined) throw new Error('the issuer is down')
    return this.#process.issuer
  }

  get store(): Store {
    if (this.#process === undefined) throw new Error('the issuer is down')
    return this.#process.store
  }

  dieAfter(step: string, restartAt: Instant): void {
    this.#deadly = { step, restartAt }
  }

  /** Starts a process on the store that the one before left. */
  async start(): Promise<void> {
    const { timeline, story, ledger, ceremony, dice, folder, mutation } = this.#options
    const same = <Port>(port: Port): Port => port
    await this.#closing
    if (!this.hasPower || this.#starting?.alive === true) return
    const owner: Owner = { alive: true, frozenUntil: 0 }
    const clock = this.#clock.for(owner)
    const inner = await openSqliteStore({
      path: join(folder, 'store.sqlite'),
      // One task has the turn: a thread for many changes would keep nobody from waiting.
      changesInLoopMax: Number.POSITIVE_INFINITY,
    })
    const watched = watchStore((mutation.store ?? same)(inner), {
      timeline,
      owner,
      dice,
      ledger,
      isFull: () => this.isDiskFull,
      onFull: () => story.saw("issuer's disk full"),
      onPart: (part) => this.#notePart(part),
    })
    const store = (mutation.forgetfulStore ?? same)(watched)
    const issuer = createIssuer({
      store,
      clock,
      random: (mutation.issuerRandom ?? same)(dice),
      trace: { step: (step) => this.#step(step) },
      authority: () => ceremony.authority(),
      bundle: () => ceremony.bundle(),
      tokenKey: this.#tokenKey,
      policy,
    })
    const limits = createRateLimits(rateLimits, clock)
    const door = openIssuerDoor({
      issuer,
      issuerUrl,
      news: {
        bundle: () => ceremony.bundle(),
        tainted: () => [],
        bundleMaxAgeSeconds: () => this.#tellMaxAge(),
      },
      limits,
      clock,
      random: dice,
    })
    const starting = { issuer, store, inner, door, owner }
    await this.#begin(starting)
  }

  #tellMaxAge(): number | undefined {
    this.#options.story.saw('look at the trust bundle')
    return this.#options.bundleMaxAgeSeconds
  }

  async #begin({
    issuer,
    store,
    inner,
    door,
    owner,
  }: {
    issuer: Issuer
    store: Store
    inner: Store
    door: IssuerDoor
    owner: Owner
  }): Promise<void> {
    const { timeline, story } = this.#options
    const process = Object.assign(owner, { issuer, store, door }) as Process
    this.#end = () => inner.close()
    this.#starting = owner
    try {
      const burnt = await issuer.recover()
      if (burnt.length > 0) {
        story.saw('serial burnt', burnt.length)
        story.tell('issuer', `starts, and burns ${burnt.length} serials that a crash left`)
      } else story.tell('issuer', 'starts')
      await this.#renewOwn(process)
    } catch (error) {
      if (error instanceof ProcessEnded) return
      if (!owner.alive) return
      // A start that fails is tried again by systemd.
      story.tell('issuer', `cannot start: ${String(error)}`)
      this.#stop(process)
      timeline.schedule(timeline.now + 10 * secondMs, () => this.start())
      return
    }
    this.#process = process
    timeline.schedule(timeline.now, () => this.#sweep(process), process)
  }

  #end: () => Promise<void> = async () => undefined
  #starting: Owner | undefined

  /** The process ends where it is. */
  kill(): void {
    const process = this.#process ?? this.#starting
    if (process !== undefined) this.#stop(process)
  }

  #stop(process: Owner): void {
    if (!process.alive) return
    process.alive = false
    this.#process = undefined
    this.#sweepAnyway = true
    this.#closing = this.#end()
  }

  #step(step: string): void {
    const { timeline, story } = this.#options
    if (this.#deadly?.step !== step) return
    const { restartAt } = this.#deadly
    this.#deadly = undefined
    story.tell('issuer', `is killed after ${step}`)
    story.saw(`issuer killed after ${step}`)
    this.kill()
    timeline.schedule(Math.max(restartAt, timeline.now + secondMs), () => this.start())
    throw new ProcessEnded(`killed after ${step}`)
  }

  /** One message that has arrived; `undefined` where nobody is there to answer, or dies over it. */
  async answer(request: WireRequest, address: string): Promise<WireResponse | undefined> {
    const process = this.#process
    if (process === undefined) return undefined
    try {
      return await process.door(request, address)
    } catch (error) {
      if (error instanceof ProcessEnded) return undefined
      throw error
    }
  }

  /** Whether a TLS handshake of somebody with `trust`, whose clock shows `now`, would succeed. */
  isTrusted(trust: TrustBundle, now: Instant): boolean {
    const process = this.#process
    if (process === undefined) return false
    const { own, ownChain } = process
    if (now < own.notBefore || now > own.notAfter) return false
    const key = `${own.serial}/${trust.sequence}`
    const known = this.#verdicts.get(key)
    if (known !== undefined) return known
    const verdict = verifyChain({
      chain: ownChain,
      roots: trust.roots,
      distrusted: trust.distrusted,
      now: own.notBefore + 10 * minuteMs,
      purpose: 'server',
      names: own.names,
    }).ok
    this.#verdicts.set(key, verdict)
    return verdict
  }

  /** A new intermediate, as `mayfly issuer install` and a reload bring it. */
  async renewOwnNow(): Promise<void> {
    const process = this.#process
    if (process !== undefined) await this.#renewOwn(process).catch(ignoreEnded)
  }

  async #renewOwn(process: Process): Promise<void> {
    const { timeline, story } = this.#options
    const { material, renewAt } = await mintOwnCertificate(process.issuer, {
      names: ownNames,
      keyType: 'ec-p256',
    })
    const chain = parseCertificateChain(material.chainPem)
    const [own] = chain
    if (own === undefined) throw new TypeError('the issuer has no certificate')
    process.own = own
    process.ownChain = chain
    story.tell('issuer', `shows a new certificate of its own, ${own.serial.slice(0, 8)}`)
    timeline.schedule(renewAt - this.#clock.aheadMs, () => this.#renewOwnIfDue(process, own), process)
  }

  async #renewOwnIfDue(process: Process, old: Certificate): Promise<void> {
    const { timeline } = this.#options
    if (process.own !== old) return
    try {
      await this.#renewOwn(process)
    } catch (error) {
      ignoreEnded(error, 'or-failed')
      timeline.schedule(timeline.now + ownRetryMs, () => this.#renewOwnIfDue(process, old), process)
    }
  }

  #sweepAnyway = true

  async #sweep(process: Process): Promise<void> {
    const { timeline, story } = this.#options
    const now = this.#clock.now()
    const until = (Math.floor(now / sweepEveryMs) + 1) * sweepEveryMs
    timeline.schedule(until - this.#clock.aheadMs, () => this.#sweep(process), process)
    if (!this.#isSweepDue(until)) return
    try {
      const report = await process.issuer.sweep({ until })
      this.#sweepAnyway = report.stopped !== undefined || report.failed > 0
      for (const [id, mintAt] of this.#mintTimes) if (mintAt <= until) this.#mintTimes.delete(id)
      if (report.due > 0) story.tell('issuer', `sweep: ${report.due} due, ${report.minted} minted`)
    } catch (error) {
      ignoreEnded(error)
    }
  }

  /** A sweep that would find nothing due is left out, but for one in the hour. */
  #isSweepDue(until: Instant): boolean {
    if (this.#sweepAnyway || until % hourMs === 0) return true
    if (this.#mintsFrom > until) return false
    this.#mintsFrom = Number.POSITIVE_INFINITY
    for (const mintAt of this.#mintTimes.values()) this.#mintsFrom = Math.min(this.#mintsFrom, mintAt)
    return this.#mintsFrom <= until
  }

  #notePart(part: ChangePart): void {
    if (part.do !== 'move-identity') return
    const { id, staged } = part.next
    if (staged === undefined) {
      this.#mintTimes.delete(id)
      return
    }
    this.#mintTimes.set(id, staged.mintAt)
    this.#mintsFrom = Math.min(this.#mintsFrom, staged.mintAt)
  }

  async close(): Promise<void> {
    this.kill()
    await this.#closing
  }
}

function ignoreEnded(error: unknown, or?: 'or-failed'): void {
  const failed = or === 'or-failed' && error instanceof Error && error.name === 'MayflyError'
  if (!(error instanceof ProcessEnded) && !failed) throw error
}
