import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type FileSystem,
  hourMs,
  type Instant,
  MayflyError,
  minuteMs,
  readEnrolmentToken,
} from '@mayfly/ca-core'
import { createIssuer, type Issuer, openSqliteStore, type Store } from '@mayfly/issuer-daemon'
import { certificateSchema } from '../../../packages/agent/src/configuration/certificate-settings.ts'
import type { CertificateEntry } from '../../../packages/agent/src/configuration/write-certificate-entry.ts'
import { requestEnrolment } from '../../../packages/agent/src/enrolment/request-enrolment.ts'
import {
  type CertificateKeeper,
  createCertificateKeeper,
} from '../../../packages/agent/src/rotation/certificate-keeper.ts'
import type { RotationEvent } from '../../../packages/agent/src/rotation/rotation-event.ts'
import { openBundleShelf } from '../../../packages/agent/src/state/bundle-shelf.ts'
import type { LineageState } from '../../../packages/agent/src/state/lineage-state.ts'
import { openLineageStore } from '../../../packages/agent/src/state/lineage-store.ts'
import { prepareStateFolder } from '../../../packages/agent/src/state/state-folder.ts'
import type { Alarm } from '../../../packages/agent/src/status/alarm.ts'
import { composeStatus, keptAlarms } from '../../../packages/agent/src/status/compose-status.ts'
import { describeOtherTime } from '../../../packages/agent/src/transport/compare-clocks.ts'
import { createIssuerClient, type IssuerClient } from '../../../packages/agent/src/transport/issuer-client.ts'
import type { Transport } from '../../../packages/agent/src/transport/transport.ts'
import { VirtualServer } from '../../../packages/agent/test/support/virtual-host.ts'
import { createRateLimits } from '../../../packages/issuer-daemon/src/api/limits/rate-limits.ts'
import { backUpStore } from '../../../packages/issuer-daemon/src/backup/back-up-store.ts'
import { restoreStore } from '../../../packages/issuer-daemon/src/backup/restore-store.ts'
import {
  createIssuerKit,
  createTestToken,
  type IssuerKit,
} from '../../../packages/issuer-daemon/test/support/issuer-kit.ts'
import { FakeClock } from '../../fakes/fake-clock.ts'
import { FakeProcessRunner } from '../../fakes/fake-process-runner.ts'
import { FakeRandom } from '../../fakes/fake-random.ts'
import { MemoryFileSystem } from '../../fakes/memory-file-system.ts'
import { openIssuerDoor } from '../../simulation/virtual/issuer-door.ts'
import { copyFiles } from '../../simulation/virtual/process-files.ts'

const state = '/state'
const live = '/etc/live'
const sweepEveryMs = 5 * minuteMs
const limits = {
  address: { perMinute: 1_200, burst: 200 },
  identity: { perMinute: 60, burst: 20 },
  enrolmentFailures: { perMinute: 6, burst: 10 },
  unproven: { perMinute: 600, burst: 100 },
  unprovenInAll: { perMinute: 6_000, burst: 1_000 },
  newcomers: { perMinute: 18_000, burst: 3_000 },
}
/** Tests renew more often than hosts may. */
const dailyQuota = 10_000
/** How far a host's clock may be off before the issuer's own certificate seems to be of another time. */
const clockDifferenceMsMax = 12 * hourMs

/** A real issuer on a real store, and hosts with the real planner, under clocks that only a test moves. */
export interface TimedSite {
  readonly kit: IssuerKit
  /** Nobody reaches the issuer. */
  isAway: boolean
  issuer(): Issuer
  host(name: string, address: string, machine?: TimedMachine): TimedHost
  /** Lets real time pass for the issuer and for every host. */
  run(milliseconds: number): Promise<void>
  /** Time passes, and nobody does anything. */
  sleep(milliseconds: number): Promise<void>
  /** Keeps a copy of the store. */
  backUp(): Promise<void>
  /** Puts the copy in the place of the store; gives back how to undo that. */
  restore(): Promise<() => Promise<void>>
  /** The same as an operator does it, who says that forgotten lineages may go on. */
  restoreAccepting(): Promise<void>
  close(): Promise<void>
}

/** What of a host's machine is not virtual. */
export interface TimedMachine {
  /** Default: in memory. */
  readonly fileSystem?: FileSystem
  /** Default: virtual. */
  readonly server?: (fileSystem: FileSystem) => VirtualServer
}

/** One host with one certificate; its files, its server and the network to the issuer are virtual. */
export interface TimedHost {
  readonly clock: FakeClock
  readonly server: VirtualServer
  readonly events: readonly RotationEvent[]
  /** Joins with a new token: the one command. */
  enroll(): Promise<void>
  /** Another entry for its certificate is saved in the configuration, as the agent takes it up. */
  configure(entry: CertificateEntry): void
  step(): Promise<Instant>
  /** Lets `run` begin with a step: something has changed. */
  wake(): void
  state(): LineageState
  /** What `mayfly agent status` would show. */
  alarms(): Alarm[]
  /** A line for each alarm: its level and its sentence. */
  told(): string
  /** Whether the port serves a certificate that clients take now, by the issuer's clock. */
  servesValid(): boolean
  /** Another machine with the same disk. */
  copy(address: string): Promise<TimedHost>
}

/** A site with one host that has joined and serves. */
export async function createJoinedHost(): Promise<{ site: TimedSite; host: TimedHost }> {
  const site = await createTimedSite()
  const host = site.host('web-1', '192.0.2.1')
  await host.enroll()
  await site.run(minuteMs)
  return { site, host }
}

/** `start` is what every clock shows at first. */
export async function createTimedSite(start?: Instant): Promise<TimedSite> {
  const kit = await createIssuerKit({ ...(start !== undefined && { start }), policy: { dailyQuota } })
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-timed-'))
  const hosts: (TimedHost & { nextAt: Instant })[] = []
  const storePath = (name: string): string => join(folder, `${name}.sqlite`)
  let current = 'store'
  let store: Store = await openSqliteStore({ path: storePath(current) })
  let issuer = createIssuer({ ...kit.ports, store })
  let sweptUntil = 0

  const reopen = async (name: string): Promise<void> => {
    await store.close()
    current = name
    store = await openSqliteStore({ path: storePath(name) })
    issuer = createIssuer({ ...kit.ports, store })
  }

  const site: TimedSite = {
    kit,
    isAway: false,
    issuer: () => issuer,
    host(name, address, machine = {}) {
      return add(newHost(site, name, address, machine, add))
    },
    async run(milliseconds) {
      const end = kit.clock.now() + milliseconds
      while (kit.clock.now() < end) {
        if (kit.clock.now() >= sweptUntil) {
          sweptUntil = kit.clock.now() + sweepEveryMs
          await issuer.sweep({ until: sweptUntil })
        }
        for (const host of hosts) {
          if (host.clock.now() >= host.nextAt || host.nextAt - host.clock.now() > sweepEveryMs)
            host.nextAt = await host.step()
        }
        const waits = hosts.map((host) => host.nextAt - host.clock.now())
        const wait = Math.min(Math.max(Math.min(...waits), 1_000), minuteMs, end - kit.clock.now())
        await pass(Math.ceil(wait))
      }
    },
    sleep: (milliseconds) => pass(milliseconds),
    async backUp() {
      await backUpStore({ store: storePath(current), out: storePath('backup'), now: kit.clock.now() })
    },
    async restore() {
      const newest = current
      await reopen('backup')
      return () => reopen(newest)
    },
    async restoreAccepting() {
      await store.close()
      const [backup, restored] = [storePath('backup'), storePath('restored')]
      const trace = { step: () => undefined }
      await restoreStore({ backup, store: restored, now: kit.clock.now(), acceptForgotten: true, trace })
      current = 'restored'
      await openAgain()
    },
    async close() {
      await store.close()
      await kit.close()
      rmSync(folder, { recursive: true })
    },
  }

  const openAgain = async (): Promise<void> => {
    store = await openSqliteStore({ path: storePath(current) })
    issuer = createIssuer({ ...kit.ports, store })
  }
  const pass = async (milliseconds: number): Promise<void> => {
    await kit.clock.advance(milliseconds)
    for (const { clock } of hosts) await clock.advance(milliseconds)
  }
  const add = (host: TimedHost): TimedHost => {
    hosts.push(Object.assign(host, { nextAt: 0 }))
    return host
  }
  return site
}

function newHost(
  site: TimedSite,
  name: string,
  address: string,
  machine: TimedMachine,
  add: (host: TimedHost) => TimedHost,
): TimedHost {
  const { kit } = site
  const clock = new FakeClock(kit.clock.now())
  const random = new FakeRandom(`${name} ${address}`)
  const fileSystem = machine.fileSystem ?? new MemoryFileSystem()
  const server = machine.server?.(fileSystem) ?? new VirtualServer(fileSystem, 'web')
  const events: RotationEvent[] = []
  const transport = transportTo(site, address, clock)
  const client = createIssuerClient(transport, clock)
  let settings = certificateSchema.parse({})
  const store = openLineageStore(fileSystem, state, 'web')
  const trace = { step: () => undefined }
  let keeper = makeKeeper()
  let failure: unknown

  function makeKeeper(): CertificateKeeper {
    const shelf = openBundleShelf(fileSystem, state)
    const ports = { clock, random, fileSystem, issuer: client, servers: server, shelf, trace }
    const subject = { name: 'web', live, settings, access: { mode: 0o600 }, version: '0.1.0' }
    return createCertificateKeeper({ ...ports, tell: (event) => void events.push(event) }, subject, store)
  }

  return {
    clock,
    server,
    events,
    async enroll() {
      const token = await createTestToken({ ...kit, issuer: site.issuer() }, name)
      await prepareStateFolder(fileSystem, state)
      const ports = { clock, random, fileSystem, trace, transport, processRunner: new FakeProcessRunner() }
      const lock = async () => ({ release: () => undefined })
      const shelf = openBundleShelf(fileSystem, state)
      await requestEnrolment(
        { ports: { ...ports, lock }, issuer: client, shelf, store, name: 'web', settings },
        token,
        readEnrolmentToken(token),
      )
      keeper = makeKeeper()
    },
    configure(entry) {
      settings = certificateSchema.parse(entry)
      keeper = makeKeeper()
      this.wake()
    },
    async step() {
      try {
        failure = undefined
        return (await keeper.step()).until
      } catch (error) {
        failure = error
        return clock.now() + minuteMs
      }
    },
    wake() {
      Object.assign(this, { nextAt: 0 })
    },
    state() {
      const found = keeper.view().state
      if (found === undefined) throw new Error('the host is not enrolled')
      return found
    },
    alarms() {
      const kept = { name: 'web', view: keeper.view(), ...(failure !== undefined && { failure }) }
      return [...ownAlarms(client, clock), ...keptAlarms(kept, clock.now())]
    },
    told() {
      return this.alarms()
        .map(({ level, message }) => `${level}: ${message}`)
        .join('\n')
    },
    servesValid() {
      const { head, candidate } = this.state()
      const served = [head, candidate].find((one) => one?.chainPem === server.servedChain)
      const now = kit.clock.now()
      return served !== undefined && served.notBefore <= now && now < served.notAfter
    },
    async copy(other) {
      const disk = new MemoryFileSystem()
      await copyFiles(fileSystem, disk, '/')
      return add(newHost(site, name, other, { fileSystem: disk }, add))
    },
  }
}

function ownAlarms(client: IssuerClient, clock: FakeClock): Alarm[] {
  const now = clock.now()
  const { alarms } = composeStatus({
    version: '0.1.0',
    pid: 1,
    startedAt: now,
    now,
    state: 'running',
    configPath: 'agent.yaml',
    clockOffsetSeconds: client.clockOffsetSeconds(),
    certificates: [],
  } as unknown as Parameters<typeof composeStatus>[0])
  return alarms.map(({ since: _, ...alarm }) => alarm)
}

/** The issuer's own routes, without a network between. */
function transportTo(site: TimedSite, address: string, hostClock: FakeClock): Transport {
  const { ports } = site.kit
  const rateLimits = createRateLimits(limits, ports.clock)
  const exchange: Transport['exchange'] = (request) => {
    if (site.isAway) throw new MayflyError('transport-failed', `${request.url} cannot be reached: no route`)
    const { policy, clock, random } = ports
    if (Math.abs(hostClock.now() - clock.now()) > clockDifferenceMsMax)
      throw describeOtherTime({ url: request.url, now: hostClock.now() }, clock.now())
    const door = openIssuerDoor({
      issuer: site.issuer(),
      issuerUrl: policy.issuerUrl,
      news: { bundle: ports.bundle, tainted: () => [], bundleMaxAgeSeconds: () => undefined },
      limits: rateLimits,
      clock,
      random,
    })
    return door(request, address)
  }
  return {
    exchange: async (request, trust) => exchange(request, trust),
    getUnverified: async (url, bodyBytesMax) =>
      exchange({ method: 'GET', url, headers: {}, bodyBytesMax }, site.kit.bundle),
  }
}
