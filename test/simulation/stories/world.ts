import { backdateSeconds, type Instant, minuteMs, secondMs } from '@mayfly/ca-core'
import { Dice } from '../dice.ts'
import { describeFault, type Fault } from '../faults/fault.ts'
import { setServerBack } from '../faults/set-server-back.ts'
import type { Mutation } from '../mutation.ts'
import { BrokenPromise as Broken, type BrokenPromise } from '../promises/broken-promise.ts'
import { type Break, Ledger } from '../promises/ledger.ts'
import { PromiseWatch } from '../promises/promise-watch.ts'
import { type Ceremony, holdCeremony } from '../virtual/ceremony.ts'
import { IssuerSite } from '../virtual/issuer-site.ts'
import { VirtualHost } from '../virtual/virtual-host.ts'
import {
  badWeather,
  calmWeather,
  goodWeather,
  type NetworkCondition,
  type Weather,
} from '../virtual/virtual-network.ts'
import { Story, storyStart } from './story.ts'
import { Timeline } from './timeline.ts'

/** A host whose clock differs more from the issuer's cannot take what is backdated by five minutes. */
const clockDifferenceMsMax = (backdateSeconds - 60) * secondMs

/** How long a look at the trust bundle holds; the first is what agents do unasked, an hour. */
const bundleMaxAges = [undefined, 7_200, 14_400, 21_600] as const

export interface WorldOptions {
  readonly seed: number
  /** For the issuer's store. */
  readonly folder: string
  /** Nothing is lost, doubled or late of itself. */
  readonly isCalm: boolean
  readonly keepsLines: boolean
  readonly handshakeShare: number
  readonly mutation: Mutation
}

/** Everything that a story plays in. */
export class World {
  readonly timeline = new Timeline(storyStart)
  readonly story: Story
  readonly ledger: Ledger
  readonly ceremony: Ceremony
  readonly site: IssuerSite
  readonly hosts: VirtualHost[] = []
  /** When which host began to serve a new certificate, for the spread. */
  readonly served: { readonly at: Instant; readonly host: string }[] = []
  broken: BrokenPromise | undefined
  readonly #options: WorldOptions
  readonly #watch: PromiseWatch
  readonly #active = new Set<Fault>()
  readonly breakPromise: Break

  static async create(options: WorldOptions): Promise<World> {
    let world: World | undefined
    const breakPromise: Break = (promise, who, what) => {
      if (world === undefined) throw new Error(what)
      const broken = new Broken(promise, who, world.timeline.now, what)
      world.broken ??= broken
      world.story.tell(who, `BROKEN: ${what}`)
      world.timeline.stop()
      return broken
    }
    const ledger = new Ledger(breakPromise)
    const ceremony = await holdCeremony(storyStart, new Dice(options.seed, 'root'), ledger)
    const timeline = new Timeline(storyStart)
    const story = new Story(() => timeline.now, options.keepsLines)
    const dice = new Dice(options.seed, 'issuer')
    const { folder, mutation } = options
    const bundleMaxAgeSeconds = new Dice(options.seed, 'bundle.maxAge').pick(bundleMaxAges)
    const site = await IssuerSite.prepare({
      ...{ timeline, story, ledger, ceremony, dice, folder, mutation, bundleMaxAgeSeconds },
    })
    story.tell('issuer', `has agents look at the trust bundle every ${bundleMaxAgeSeconds ?? 3_600} s`)
    world = new World(options, { timeline, story, ledger, ceremony, site, breakPromise })
    return world
  }

  private constructor(
    options: WorldOptions,
    parts: Pick<World, 'timeline' | 'story' | 'ledger' | 'ceremony' | 'site' | 'breakPromise'>,
  ) {
    this.#options = options
    this.timeline = parts.timeline
    this.story = parts.story
    this.ledger = parts.ledger
    this.ceremony = parts.ceremony
    this.site = parts.site
    this.breakPromise = parts.breakPromise
    this.#watch = new PromiseWatch(parts)
  }

  addHost(name: string, address: string, identity?: string): VirtualHost {
    const { timeline, story, ledger, site, breakPromise } = this
    const { seed, handshakeShare, mutation } = this.#options
    const host = new VirtualHost({
      ...{ name, address, seed, timeline, story, ledger, site, breakPromise, handshakeShare, mutation },
      ...(identity !== undefined && { identity }),
      weather: () => this.#weather(),
      network: () => this.#network(),
      onServed: () => this.served.push({ at: timeline.now, host: name }),
    })
    this.hosts.push(host)
    return host
  }

  plan(faults: readonly Fault[]): void {
    for (const fault of faults) {
      this.timeline.schedule(fault.from, () => this.#begin(fault))
    }
  }

  /** Runs until `end`, with a look at every live port at each minute. */
  async run(end: Instant): Promise<void> {
    this.timeline.schedule(this.timeline.now + minuteMs, () => this.#tick())
    await this.runUntil(end)
  }

  /** The same without a look. */
  async runUntil(end: Instant): Promise<void> {
    try {
      await this.timeline.run(end)
    } catch (error) {
      if (!(error instanceof Broken)) throw error
    }
  }

  /** Most minutes have nothing to wait for: only what was written since is read. */
  #tick(): void | Promise<void> {
    const { site, timeline, hosts } = this
    const { now } = timeline
    timeline.schedule(now + minuteMs, () => this.#tick())
    let isSiteWell: boolean | undefined
    let touched: VirtualHost[] | undefined
    for (let index = 0; index < hosts.length; index++) {
      const host = hosts[index] as VirtualHost
      // Whatever changes on its disk or its port ends that.
      if (now < host.quietUntil) continue
      isSiteWell ??= site.isUp && !site.isDiskFull && this.#network() === 'open'
      if (now >= this.#watch.idleUntil(host)) this.#watch.look(host, now, isSiteWell && this.#isWell(host))
      if (!host.isTouched) host.quietUntil = this.#watch.idleUntil(host)
      else if (touched === undefined) touched = [host]
      else touched.push(host)
    }
    return touched && this.#inspect(touched)
  }

  async #inspect(touched: readonly VirtualHost[]): Promise<void> {
    for (const host of touched) {
      await host.inspect()
      host.quietUntil = this.#watch.idleUntil(host)
    }
  }

  async close(): Promise<void> {
    await this.site.close()
  }

  #weather(): Weather {
    for (const { kind } of this.#active) if (kind === 'bad-network') return badWeather
    return this.#options.isCalm ? calmWeather : goodWeather
  }

  #network(): NetworkCondition {
    let condition: NetworkCondition = 'open'
    for (const { kind } of this.#active) {
      if (kind === 'issuer-away') return 'issuer-away'
      if (kind === 'issuer-garbled') condition = 'garbled'
    }
    return condition
  }

  #isWell(host: VirtualHost): boolean {
    const { site, timeline } = this
    if (host.isCut || !host.isAgentUp || host.frozenUntil > timeline.now || host.troubles.size > 0)
      return false
    return Math.abs(host.clock.aheadMs - site.clockAheadMs) <= clockDifferenceMsMax
  }

  async #begin(fault: Fault): Promise<void> {
    this.#active.add(fault)
    this.story.tell('host' in fault ? fault.host : 'world', describeFault(fault))
    const host = 'host' in fault ? this.hosts.find(({ name }) => name === fault.host) : undefined
    if ('host' in fault && host === undefined) return
    if (host === undefined) for (const one of this.hosts) one.disturb()
    else host.disturb()
    await this.#apply(fault, host)
    this.timeline.schedule(fault.to, () => this.#end(fault, host))
  }

  async #apply(fault: Fault, host: VirtualHost | undefined): Promise<void> {
    const { site, story } = this
    switch (fault.kind) {
      case 'issuer-crash':
        return site.dieAfter(fault.step, fault.to)
      case 'site-power':
        site.hasPower = false
        site.kill()
        for (const one of this.hosts) one.losePower()
        return story.saw('site without power')
      case 'agent-crash':
        return host?.dieWithin(fault.operation, () => this.#died(host, fault))
      case 'server-set-back':
        if (host !== undefined) setServerBack(host, this, (one) => this.#isWell(one))
        return
      case 'host-asleep':
        story.saw('host asleep')
        return host?.freeze(Math.max(host.frozenUntil, fault.to))
      default:
        return this.#settle(fault, host)
    }
  }

  /** After a fault of this kind has begun or ended: what holds now. */
  #settle({ kind }: Fault, host: VirtualHost | undefined): void | Promise<void> {
    const isOn = this.#isActive(kind, host)
    const { site } = this
    switch (kind) {
      case 'issuer-disk':
        site.isDiskFull = isOn
        return
      case 'issuer-clock':
        return site.setClock(this.#aheadMs('issuer-clock', undefined))
      case 'host-clock':
        this.story.saw('clock jumped')
        return host?.setClock(this.#aheadMs('host-clock', host))
      case 'host-network':
        if (host !== undefined) host.isCut = isOn
        return
      case 'host-disk':
        return host?.setDiskFull(isOn)
      case 'reload-fails':
        return host?.setTrouble('reload-fails', isOn, (server) => {
          server.failsReload = isOn
        })
      case 'reload-ignored':
        return host?.setTrouble('reload-ignored', isOn, (server) => {
          server.ignoresReload = isOn
        })
      case 'server-down':
        return host?.setServerDown(isOn)
      default:
        return
    }
  }

  async #end(fault: Fault, host: VirtualHost | undefined): Promise<void> {
    this.#active.delete(fault)
    if (fault.kind === 'site-power' && !this.#isActive('site-power', undefined)) {
      this.site.hasPower = true
      this.timeline.schedule(this.timeline.now, () => this.site.start())
      for (const one of this.hosts) this.timeline.schedule(this.timeline.now, () => one.boot())
      return
    }
    if (fault.kind === 'host-asleep') return host?.notice()
    await this.#settle(fault, host)
  }

  #died(host: VirtualHost, fault: Extract<Fault, { kind: 'agent-crash' }>): void {
    const { timeline, story } = this
    story.saw(fault.power ? 'host lost power' : 'agent killed')
    const downMs = fault.to - fault.from
    host.disturb()
    if (fault.power) host.losePower()
    timeline.schedule(timeline.now + downMs, async () => {
      if (this.#isActive('site-power', undefined)) return
      await host.inspect()
      host.disturb()
      if (fault.power) await host.boot()
      else host.startAgent()
    })
  }

  #isActive(kind: Fault['kind'], host: VirtualHost | undefined): boolean {
    for (const fault of this.#active) {
      if (fault.kind === kind && (!('host' in fault) || fault.host === host?.name)) return true
    }
    return false
  }

  #aheadMs(kind: 'issuer-clock' | 'host-clock', host: VirtualHost | undefined): number {
    let aheadMs = host?.skewMs ?? 0
    for (const fault of this.#active) {
      if (fault.kind === kind && (!('host' in fault) || fault.host === host?.name)) aheadMs = fault.aheadMs
    }
    return aheadMs
  }
}
