import {
  type FileSystem,
  MayflyError,
  readEnrolmentToken,
  type Trace,
  type TrustBundle,
} from '@mayfly/ca-core'
import { FakeClock } from '../../../../test/fakes/fake-clock.ts'
import { FakeProcessRunner } from '../../../../test/fakes/fake-process-runner.ts'
import { FakeRandom } from '../../../../test/fakes/fake-random.ts'
import { MemoryFileSystem } from '../../../../test/fakes/memory-file-system.ts'
import { certificateSchema } from '../../src/configuration/certificate-settings.ts'
import { requestEnrolment } from '../../src/enrolment/request-enrolment.ts'
import { encodeFormats } from '../../src/formats/encode-formats.ts'
import type { GenerationFile } from '../../src/formats/generation-file.ts'
import type { Material } from '../../src/formats/material.ts'
import type { PortsSight } from '../../src/probing/look-at-ports.ts'
import { proveMaterial } from '../../src/proving/prove-material.ts'
import { type CertificateKeeper, createCertificateKeeper } from '../../src/rotation/certificate-keeper.ts'
import type { HostServers } from '../../src/rotation/host-servers.ts'
import type { Wait } from '../../src/rotation/rotation-action.ts'
import type { RotationSubject } from '../../src/rotation/rotation-context.ts'
import type { RotationEvent } from '../../src/rotation/rotation-event.ts'
import { openBundleShelf } from '../../src/state/bundle-shelf.ts'
import type { LineageState } from '../../src/state/lineage-state.ts'
import { openLineageStore } from '../../src/state/lineage-store.ts'
import { prepareStateFolder } from '../../src/state/state-folder.ts'
import { createIssuerClient } from '../../src/transport/issuer-client.ts'
import { VirtualIssuer, type VirtualIssuerOptions } from './virtual-issuer.ts'

const state = '/state'
const live = '/etc/live'

/** A server that loads a certificate when it is told to, and can refuse in every way. */
export class VirtualServer implements HostServers {
  readonly #fileSystem: FileSystem
  readonly #name: string
  #encoded: { chainPem: string; bundle: TrustBundle; files: readonly GenerationFile[] } | undefined
  servedChain: string | undefined
  failProof = false
  /** The password of its key store cannot be read. */
  failEncode = false
  failCheck = false
  failReload = false
  /** Says that it has reloaded, and serves the old one. */
  ignoreReload = false
  isDown = false
  proofs = 0
  reloads = 0
  looks = 0

  constructor(fileSystem: FileSystem, name: string) {
    this.#fileSystem = fileSystem
    this.#name = name
  }

  async prove(material: Material, expected: Parameters<HostServers['prove']>[1]): Promise<void> {
    this.proofs++
    if (this.failProof) throw new MayflyError('prove-failed', 'the handshake does not come about.')
    // The handshake needs the real clock.
    await proveMaterial(material, { ...expected, handshake: async () => undefined })
  }

  async encode(material: Material): Promise<readonly GenerationFile[]> {
    if (this.failEncode) throw new MayflyError('file-unreadable', '/secret/password cannot be read.')
    const { chainPem, bundle } = material
    if (this.#encoded?.chainPem !== chainPem || this.#encoded.bundle !== bundle) {
      this.#encoded = { chainPem, bundle, files: await encodeFormats(material, { formats: [] }) }
    }
    return this.#encoded.files
  }

  async down(): Promise<string | undefined> {
    return this.isDown ? 'the server does not run.' : undefined
  }

  async check(): Promise<void> {
    if (this.failCheck) throw new MayflyError('check-failed', 'nginx -t exited with 1.')
  }

  async reload(): Promise<void> {
    this.reloads++
    if (this.failReload || this.isDown) throw new MayflyError('reload-failed', 'the server does not run.')
    if (this.ignoreReload) return
    this.servedChain = new TextDecoder().decode(
      await this.#fileSystem.readFile(`${live}/${this.#name}/fullchain.pem`),
    )
  }

  async probe(material: Material): Promise<readonly string[]> {
    if (this.isDown) throw new MayflyError('probe-failed', 'nothing listens there.')
    if (this.servedChain !== material.chainPem)
      throw new MayflyError('probe-failed', 'the server still serves the old one.')
    return material.chain.slice(0, 1).map(({ serial }) => serial)
  }

  async look(material: Material): Promise<PortsSight> {
    this.looks++
    if (this.isDown) return { is: 'down', message: 'nothing listens there.' }
    if (this.servedChain === material.chainPem) return { is: 'served' }
    return { is: 'other', message: 'the server now serves another.' }
  }
}

/** One host with one certificate, all of it in memory and under a clock that a test moves. */
export class VirtualHost {
  readonly clock: FakeClock
  readonly random: FakeRandom
  readonly fileSystem: MemoryFileSystem
  readonly issuer: VirtualIssuer
  readonly server: VirtualServer
  readonly events: RotationEvent[] = []
  readonly steps: string[] = []
  /** Called at each named step; may throw, as a crash there would end the process. */
  onStep: (step: string) => void = () => undefined
  subject: RotationSubject
  keeper: CertificateKeeper

  static async create(options: Partial<VirtualIssuerOptions> = {}): Promise<VirtualHost> {
    const clock = new FakeClock()
    const random = new FakeRandom()
    const issuer = await VirtualIssuer.create({ clock, random, ...options })
    return new VirtualHost(clock, random, issuer)
  }

  private constructor(clock: FakeClock, random: FakeRandom, issuer: VirtualIssuer) {
    this.clock = clock
    this.random = random
    this.issuer = issuer
    this.fileSystem = new MemoryFileSystem()
    this.server = new VirtualServer(this.fileSystem, 'web')
    const settings = certificateSchema.parse({})
    this.subject = { name: 'web', live, settings, access: { mode: 0o600 }, version: '0.1.0' }
    this.keeper = this.#makeKeeper()
  }

  get liveFolder(): string {
    return `${live}/web`
  }

  get trace(): Trace {
    return {
      step: (step) => {
        this.steps.push(step)
        this.onStep(step)
      },
    }
  }

  /** Enrols the host, without installing anything yet. */
  /** `jti`: of another token than the first. */
  async enroll(jti?: string): Promise<void> {
    await prepareStateFolder(this.fileSystem, state)
    const token = await this.issuer.token(jti === undefined ? {} : { jti })
    const { clock, random, fileSystem, trace } = this
    await requestEnrolment(
      {
        ports: {
          clock,
          random,
          fileSystem,
          trace,
          processRunner: new FakeProcessRunner(),
          transport: this.issuer,
          lock: async () => ({ release: () => undefined }),
        },
        issuer: createIssuerClient(this.issuer, clock),
        shelf: openBundleShelf(fileSystem, state),
        store: this.store,
        name: 'web',
        settings: this.subject.settings,
      },
      token,
      readEnrolmentToken(token),
    )
  }

  get store(): ReturnType<typeof openLineageStore> {
    return openLineageStore(this.fileSystem, state, 'web')
  }

  /** The process ends and another one begins. */
  restart(): void {
    this.keeper = this.#makeKeeper()
  }

  step(): Promise<Wait> {
    return this.keeper.step()
  }

  /** Lets time pass as a running agent does: a step whenever one is due. */
  async run(milliseconds: number): Promise<void> {
    const end = this.clock.now() + milliseconds
    for (;;) {
      const { until } = await this.step()
      const left = end - this.clock.now()
      if (left <= 0) return
      await this.clock.advance(Math.min(Math.max(until - this.clock.now(), 1), 60_000, left))
    }
  }

  get state(): LineageState {
    const { state: found } = this.keeper.view()
    if (found === undefined) throw new Error('the keeper has no state yet')
    return found
  }

  async liveFile(name: string): Promise<string> {
    return new TextDecoder().decode(await this.fileSystem.readFile(`${this.liveFolder}/${name}`))
  }

  #makeKeeper(): CertificateKeeper {
    const { clock, random, fileSystem, issuer, server, trace } = this
    return createCertificateKeeper(
      {
        clock,
        random,
        fileSystem,
        issuer: createIssuerClient(issuer, clock),
        servers: server,
        shelf: openBundleShelf(fileSystem, state),
        trace,
        tell: (event) => this.events.push(event),
      },
      this.subject,
      this.store,
    )
  }
}
