import {
  type CertificateKeeper,
  createCertificateKeeper,
  createIssuerClient,
  openBundleShelf,
  openLineageStore,
  prepareStateFolder,
  type RotationEvent,
  type RotationSubject,
} from '@mayfly/agent'
import {
  type Clock,
  formatInstant,
  type Instant,
  isMayflyError,
  minuteMs,
  readEnrolmentToken,
  secondMs,
} from '@mayfly/ca-core'
import { requestEnrolment } from '../../../packages/agent/src/enrolment/request-enrolment.ts'
import { type KeeperLoop, startKeeperLoop } from '../../../packages/agent/src/rotation/keeper-loop.ts'
import { FakeProcessRunner } from '../../fakes/fake-process-runner.ts'
import { type FileOperation, MemoryFileSystem } from '../../fakes/memory-file-system.ts'
import { Dice } from '../dice.ts'
import type { Mutation } from '../mutation.ts'
import { readGeneration } from '../promises/generation-on-disk.ts'
import type { Break, Ledger } from '../promises/ledger.ts'
import type { Watched } from '../promises/promise-watch.ts'
import type { Story } from '../stories/story.ts'
import type { Owner, Timeline } from '../stories/timeline.ts'
import { settingsOf } from './host-settings.ts'
import type { IssuerSite } from './issuer-site.ts'
import { JoinPermission } from './join-permission.ts'
import { filesOfProcess, isWriting, pathInStory } from './process-files.ts'
import { WallClock } from './virtual-clock.ts'
import { type NetworkCondition, openVirtualNetwork, type Weather } from './virtual-network.ts'
import { VirtualServer } from './virtual-server.ts'

const state = '/var/lib/mayfly'
const live = '/etc/mayfly/live'
const certificate = 'web'
export const liveFolder: string = `${live}/${certificate}`

/** Clocks under NTP are off by this much at most. */
const skewMsMax = 2 * secondMs
/** The loop's own longest sleep: whatever jumps, it is looked at within a minute. */
const noticeMs = minuteMs
const restartMs = 10 * secondMs
const joinRetryMs = 30 * secondMs
/** What needs space on the disk. */
const growing = ['createFile', 'replaceFile', 'appendFile', 'makeDirectory', 'replaceSymlink'] as const

export interface HostOptions {
  readonly name: string
  /** Of the identity; the host's own name but for a copy. */
  readonly identity?: string
  readonly address: string
  readonly seed: number
  readonly timeline: Timeline
  readonly story: Story
  readonly ledger: Ledger
  readonly site: IssuerSite
  readonly breakPromise: Break
  readonly weather: () => Weather
  /** How the network between this host and the issuer is, as far as it is not the host's own. */
  readonly network: () => NetworkCondition
  readonly handshakeShare: number
  readonly mutation: Mutation
  readonly onServed: (host: VirtualHost) => void
}

interface AgentProcess extends Owner {
  loop?: KeeperLoop
  keeper?: CertificateKeeper
}

/** A machine with one agent, one certificate and one server. */
export class VirtualHost {
  readonly name: string
  readonly identity: string
  readonly lookMinutes: number
  readonly disk = new MemoryFileSystem()
  readonly server: VirtualServer
  readonly clock: WallClock
  /** How far ahead its clock is while nobody sets it. */
  readonly skewMs: number
  readonly #options: HostOptions
  readonly #random: Dice
  readonly #network: Dice
  readonly #permission: JoinPermission
  readonly #subject: RotationSubject
  #process: AgentProcess | undefined
  /** The agent dies before that many more operations on the disk. */
  #deadly: { operations: number; then: () => void } | undefined
  #touched = true
  hasPower = true
  frozenUntil: Instant = 0
  /** What keeps this host from rotating, apart from the issuer. */
  readonly troubles = new Set<string>()
  isCut = false
  /** For the watch over the promises. */
  watched: Watched | undefined
  /** Until then a look at it would find nothing new. */
  quietUntil: Instant = 0
  /** Since when everything that a rotation needs is in order. */
  wellSince: Instant

  constructor(options: HostOptions) {
    const { name, seed, timeline, story, breakPromise, handshakeShare } = options
    this.#options = options
    this.name = name
    this.identity = options.identity ?? name
    this.#random = new Dice(seed, `${name}/agent`)
    this.#network = new Dice(seed, `${name}/network`)
    this.#permission = new JoinPermission(options)
    const dice = new Dice(seed, `${name}/server`)
    this.skewMs = dice.between(-skewMsMax, skewMsMax)
    this.clock = new WallClock(timeline, this.skewMs)
    this.server = new VirtualServer({
      ...{ host: name, folder: liveFolder, fileSystem: this.disk, timeline, story, dice },
      ...{ breakPromise, handshakeShare },
      onChange: () => {
        this.quietUntil = 0
      },
    })
    this.#subject = {
      name: certificate,
      live,
      settings: settingsOf(name),
      access: { mode: 0o600 },
      version: '0.1.0',
    }
    this.lookMinutes = this.#subject.settings.lookMinutes
    this.wellSince = timeline.now
  }

  get isAgentUp(): boolean {
    return this.#process !== undefined
  }

  get keeper(): CertificateKeeper | undefined {
    return this.#process?.keeper
  }

  /** Whatever happened, the ten minutes begin anew. */
  disturb(): void {
    this.wellSince = this.#options.timeline.now
  }

  /** The machine comes up: first the server, with what lies on the disk, then the agent. */
  async boot(): Promise<void> {
    this.hasPower = true
    if (!this.troubles.has('server-down')) await this.server.start()
    this.startAgent()
  }

  startAgent(): void {
    if (!this.hasPower || this.#process !== undefined) return
    const { timeline } = this.#options
    const process: AgentProcess = { alive: true, frozenUntil: this.frozenUntil }
    this.#process = process
    timeline.schedule(timeline.now, () => this.#startOrRetry(process), process)
  }

  killAgent(): void {
    const process = this.#process
    if (process !== undefined) process.alive = false
    this.#process = undefined
    this.#deadly = undefined
  }

  /** Ends the agent before the `operations`th operation on the disk from now. */
  dieWithin(operations: number, then: () => void): void {
    this.#deadly = { operations, then }
  }

  losePower(): void {
    this.killAgent()
    this.server.stop()
    this.hasPower = false
    this.disk.powerLoss()
    this.#touch()
    this.disturb()
  }

  setDiskFull(isFull: boolean): void {
    this.disk.heal()
    this.setTrouble('disk-full', isFull)
    if (!isFull) return
    this.#options.story.saw('disk full')
    for (const operation of growing) this.disk.fail({ errno: 'ENOSPC', operation })
  }

  async setServerDown(isDown: boolean): Promise<void> {
    this.setTrouble('server-down', isDown)
    if (isDown) this.server.stop()
    else if (this.hasPower) await this.server.start()
  }

  setTrouble(
    trouble: string,
    isOn: boolean,
    change: (server: VirtualServer) => void = () => undefined,
  ): void {
    if (isOn) this.troubles.add(trouble)
    else this.troubles.delete(trouble)
    change(this.server)
  }

  /** The machine sleeps: nothing in it runs, and it does not know. */
  freeze(until: Instant): void {
    this.frozenUntil = until
    if (this.#process !== undefined) this.#process.frozenUntil = until
  }

  /** The wall clock jumps, and the agent notices within a minute. */
  setClock(aheadMs: number): void {
    this.clock.aheadMs = aheadMs
    this.notice()
  }

  notice(): void {
    const { timeline } = this.#options
    const process = this.#process
    if (process === undefined) return
    timeline.schedule(timeline.now + this.#random.below(noticeMs), () => process.loop?.wake(), process)
  }

  #touch(): void {
    this.#touched = true
    this.quietUntil = 0
  }

  /** Whether something was written since the last look. */
  get isTouched(): boolean {
    return this.#touched
  }

  /** As the image of another machine: what was proved there need not be proved here. */
  adopt(other: VirtualHost): void {
    this.server.adopt(other.server)
  }

  /** Looks at the live link, where something was written since the last look. */
  async inspect(): Promise<void> {
    if (!this.#touched) return
    this.#touched = false
    const found = await readGeneration(this.disk, liveFolder)
    if (found.is === 'torn') {
      throw this.#options.breakPromise('no-torn-generation', this.name, found.because)
    }
  }

  /** What cannot start is started again, as systemd does it. */
  async #startOrRetry(process: AgentProcess): Promise<void> {
    const { timeline, story } = this.#options
    try {
      await this.#live(process)
    } catch (error) {
      if (!isMayflyError(error)) throw error
      story.tell(this.name, `the agent cannot start: ${error.code}`)
      timeline.schedule(timeline.now + restartMs, () => this.#startOrRetry(process), process)
    }
  }

  async #live(process: AgentProcess): Promise<void> {
    const { timeline, site, address, weather, story, mutation } = this.#options
    const same = <Port>(port: Port): Port => port
    const clock = this.clock.for(process)
    const files = filesOfProcess(this.disk, (operation, path) => this.#enter(process, operation, path))
    const fileSystem = (mutation.fileSystem ?? same)(files)
    const transport = openVirtualNetwork({
      ...{ timeline, story, site, address, weather, clock },
      owner: process,
      dice: this.#network,
      condition: () => (this.isCut ? 'cut' : this.#options.network()),
      onFailure: () => this.disturb(),
    })
    const issuer = (mutation.client ?? same)(createIssuerClient(transport, clock))
    const shelf = openBundleShelf(fileSystem, state)
    const store = openLineageStore(fileSystem, state, certificate)
    const trace = { step: () => undefined }
    await prepareStateFolder(fileSystem, state)

    const random = mutation.random ?? this.#random
    const ports = { clock, random, fileSystem, trace, issuer, shelf }
    if ((await store.read()) === undefined && (await store.readEnrolment())?.answered === undefined) {
      await this.#join(clock, { ...ports, transport, store })
    }
    const keeper = createCertificateKeeper(
      {
        ...ports,
        servers: (mutation.servers ?? same)(this.server.for(process)),
        tell: (event) => this.#tell(event),
      },
      this.#subject,
      store,
    )
    process.keeper = keeper
    process.loop = startKeeperLoop(keeper, {
      ...ports,
      signal: new AbortController().signal,
      sleepMsMax: Number.POSITIVE_INFINITY,
      onStep: (error) => this.#noteStep(error),
    })
    await process.loop.ended
  }

  async #join(
    clock: Clock,
    {
      issuer,
      shelf,
      store,
      ...ports
    }: Pick<Parameters<typeof requestEnrolment>[0], 'issuer' | 'shelf' | 'store'> &
      Omit<Parameters<typeof requestEnrolment>[0]['ports'], 'processRunner' | 'lock'>,
  ): Promise<void> {
    for (;;) {
      try {
        const token = await this.#permission.token()
        const lock = async (): Promise<{ release: () => void }> => ({ release: () => undefined })
        const context = {
          ...{ issuer, shelf, store, name: certificate, settings: this.#subject.settings },
          ports: { ...ports, lock, processRunner: new FakeProcessRunner() },
        }
        await requestEnrolment(context, token, readEnrolmentToken(token))
        return
      } catch (error) {
        if (!isMayflyError(error)) throw error
        await clock.sleep(joinRetryMs)
      }
    }
  }

  #enter(process: AgentProcess, operation: FileOperation, path: string): Promise<never> | undefined {
    const { timeline } = this.#options
    if (!process.alive) return timeline.never()
    if (isWriting(operation) && path.startsWith('/etc/')) this.#touch()
    if (this.#deadly === undefined || --this.#deadly.operations > 0) return undefined
    const { then } = this.#deadly
    this.#options.story.tell(this.name, `ends before ${operation} of ${pathInStory(path)}`)
    this.killAgent()
    then()
    return timeline.never()
  }

  /** A step may fail for the disk alone; anything else is a bug. */
  #noteStep(error: unknown): void {
    if (error === undefined) return
    if (!isMayflyError(error) || error.code === 'internal') {
      throw this.#options.breakPromise('no-internal-error', this.name, String(error))
    }
    this.#options.story.saw(`step failed: ${error.code}`)
  }

  #tell(event: RotationEvent): void {
    const { story, ledger, breakPromise, onServed } = this.#options
    switch (event.event) {
      case 'enrolled':
      case 'received':
        if (!ledger.isRecorded(event.serial)) {
          throw breakPromise('recorded-before-signed', this.name, `got ${event.serial}, which is not on disk`)
        }
        story.tell(this.name, `${event.event} ${event.serial.slice(0, 8)}`)
        break
      case 'installed':
        story.tell(this.name, `installed ${event.serial.slice(0, 8)} (${event.because})`)
        break
      case 'served':
        story.tell(this.name, `serves ${event.serial.slice(0, 8)} until ${formatInstant(event.notAfter)}`)
        onServed(this)
        break
      case 'failed': {
        const { code, attempts, message } = event.setback
        if (code === 'internal') throw breakPromise('no-internal-error', this.name, message)
        story.saw(`setback: ${code}`)
        story.tell(this.name, `${event.track} failed: ${code}, for the ${attempts}. time`)
        break
      }
      case 'recovered':
        story.tell(this.name, `${event.track} works again, after ${event.attempts}`)
        break
      case 'adopted':
        story.tell(this.name, `adopts ${event.serial.slice(0, 8)}: ${event.because}`)
        break
      case 'bundle':
        story.tell(this.name, `holds bundle ${event.sequence}`)
        break
      case 'key-dropped':
        // The message may hold bytes of a key.
        story.tell(this.name, 'gives a key up')
        break
      default:
        break
    }
  }
}
