import type { HostServers } from '@mayfly/agent'
import { type FileSystem, type Instant, MayflyError, secondMs, type TrustBundle } from '@mayfly/ca-core'
import { encodeFormats } from '../../../packages/agent/src/formats/encode-formats.ts'
import type { GenerationFile } from '../../../packages/agent/src/formats/generation-file.ts'
import type { Material } from '../../../packages/agent/src/formats/material.ts'
import { handshakeOmitted } from '../../../packages/agent/src/proving/handshake.ts'
import { proveMaterial } from '../../../packages/agent/src/proving/prove-material.ts'
import type { Dice } from '../dice.ts'
import { readGeneration, type ServedCertificate } from '../promises/generation-on-disk.ts'
import type { Break } from '../promises/ledger.ts'
import type { Story } from '../stories/story.ts'
import type { Owner, Timeline } from '../stories/timeline.ts'
import { timelessHandshake } from './timeless-handshake.ts'

/** From a reload to the first connection that sees it. */
const reloadMs = { from: 20, to: 3 * secondMs }

export interface VirtualServerOptions {
  readonly host: string
  /** Where it reads its files. */
  readonly folder: string
  /** As the server reads it: the agent's crashes and full disks are not its own. */
  readonly fileSystem: FileSystem
  readonly timeline: Timeline
  readonly story: Story
  readonly dice: Dice
  readonly breakPromise: Break
  /** The share of proofs that includes a real TLS handshake. */
  readonly handshakeShare: number
  /** Told whenever the port may show something else. */
  readonly onChange: () => void
}

/** A server that serves what it loaded at its last reload, and can fail at it. */
export class VirtualServer {
  readonly #options: VirtualServerOptions
  readonly #proved = new Set<string>()
  #loaded: ServedCertificate | undefined
  #before: ServedCertificate | undefined
  isRunning = true
  failsReload = false
  ignoresReload = false

  constructor(options: VirtualServerOptions) {
    this.#options = options
  }

  /** What the live port shows now. */
  get serving(): ServedCertificate | undefined {
    return this.isRunning ? this.#loaded : undefined
  }

  adopt(other: VirtualServer): void {
    for (const serial of other.#proved) this.#proved.add(serial)
  }

  stop(): void {
    this.isRunning = false
    this.#loaded = undefined
    this.#options.onChange()
  }

  async start(): Promise<void> {
    this.isRunning = true
    this.#options.onChange()
    await this.#load()
  }

  /** Is started on the certificate that it had before, if that is good until then; says which one that is. */
  setBack(until: Instant): ServedCertificate | undefined {
    const before = this.#before
    if (!this.isRunning || before === undefined || before.notAfter < until) return undefined
    this.#loaded = before
    this.#before = undefined
    this.#options.onChange()
    return before
  }

  /** Whatever a server reads must be whole and proved. */
  async #load(): Promise<void> {
    const { host, fileSystem, folder, breakPromise } = this.#options
    const found = await readGeneration(fileSystem, folder)
    if (found.is === 'absent') return
    if (found.is === 'torn') throw breakPromise('no-torn-generation', host, found.because)
    const { certificate } = found
    if (!this.#proved.has(certificate.serial)) {
      throw breakPromise(
        'no-unproven-certificate',
        host,
        `serves ${certificate.serial}, which was never proved`,
      )
    }
    if (this.#loaded?.serial !== certificate.serial) this.#before = this.#loaded
    this.#loaded = certificate
    this.#options.onChange()
  }

  /** The port as the agent's process `owner` sees it. */
  for(owner: Owner): HostServers {
    const { timeline, story } = this.#options
    let encoded: Encoded | undefined
    const alive = async (): Promise<void> => {
      if (!owner.alive) await timeline.never()
    }
    return {
      prove: async (material, expected) => {
        await alive()
        await this.#prove(material, expected)
      },
      async encode(material) {
        const { chainPem, bundle } = material
        if (encoded?.chainPem !== chainPem || encoded.bundle !== bundle) {
          encoded = { chainPem, bundle, files: await encodeFormats(material, { formats: [] }) }
        }
        return encoded.files
      },
      down: async () => {
        await alive()
        if (this.isRunning) return undefined
        story.saw('server down in a rotation')
        return 'nothing runs there'
      },
      check: alive,
      reload: async () => {
        await alive()
        await this.#reload(owner)
      },
      probe: async ({ chainPem, chain }) => {
        await alive()
        if (this.serving?.chainPem === chainPem) return chain.slice(0, 1).map(({ serial }) => serial)
        story.saw('probe saw another certificate')
        throw new MayflyError('probe-failed', 'the live port does not serve the new certificate')
      },
      look: async ({ chainPem }) => {
        await alive()
        if (!this.isRunning) return { is: 'down', message: 'nothing runs there' }
        if (this.serving?.chainPem === chainPem) return { is: 'served' }
        story.saw('look saw another certificate')
        return { is: 'other', message: 'the live port serves another certificate' }
      },
    }
  }

  async #prove(material: Material, expected: Parameters<HostServers['prove']>[1]): Promise<void> {
    const { dice, handshakeShare, story } = this.#options
    const isReal = dice.chance(handshakeShare)
    await proveMaterial(material, { ...expected, handshake: isReal ? timelessHandshake : handshakeOmitted })
    story.saw('certificate proved')
    if (isReal) story.saw('TLS handshake done')
    for (const { serial } of material.chain.slice(0, 1)) this.#proved.add(serial)
  }

  async #reload(owner: Owner): Promise<void> {
    const { timeline, story, dice } = this.#options
    if (!this.isRunning || this.failsReload) {
      story.saw(this.isRunning ? 'reload failed' : 'server down in a rotation')
      throw new MayflyError(
        'reload-failed',
        this.isRunning ? 'the reload exits with 1' : 'nothing runs there',
      )
    }
    await timeline.sleep(dice.spread(reloadMs.from, reloadMs.to), owner)
    if (this.ignoresReload) return story.saw('reload ignored')
    if (this.isRunning) await this.#load()
  }
}

interface Encoded {
  readonly chainPem: string
  readonly bundle: TrustBundle
  readonly files: readonly GenerationFile[]
}
