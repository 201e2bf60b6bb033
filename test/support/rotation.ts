import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeFileSystem, nodeProcessRunner, systemClock } from '@mayfly/platform'
import { encodeFormats } from '../../packages/agent/src/formats/encode-formats.ts'
import type { FormatName } from '../../packages/agent/src/formats/format-name.ts'
import { leafOf } from '../../packages/agent/src/formats/leaf.ts'
import type { Material } from '../../packages/agent/src/formats/material.ts'
import { generationPath, livePath } from '../../packages/agent/src/installing/paths.ts'
import { switchGeneration } from '../../packages/agent/src/installing/switch-generation.ts'
import { writeGeneration } from '../../packages/agent/src/installing/write-generation.ts'
import type { ProbeEndpoint } from '../../packages/agent/src/probing/endpoint.ts'
import { type ProbeVerdict, probeUntil } from '../../packages/agent/src/probing/probe-until.ts'
import { prepareServer } from '../../packages/agent/src/servers/prepare-server.ts'
import type { ReloadConfiguration } from '../../packages/agent/src/servers/reload-configuration.ts'
import type { ReloadContext, ServerControl } from '../../packages/agent/src/servers/server-control.ts'
import { createTestIssuer, type TestIssuer, type TestOrder } from './test-issuer.ts'

/**
 * One host with one certificate, rotated by the agent's own functions: write, switch, check, reload,
 * probe. Without an issuer daemon and without the agent's plan.
 */
export interface TestHost {
  /** A folder for the server's own files. */
  readonly folder: string
  readonly liveFolder: string
  readonly issuer: TestIssuer
  /** Makes new material; what is not said is as in `order` of `createTestHost`. */
  issue(order?: TestOrder): Promise<Material>
  /** Writes the next generation and switches to it. Gives back what a server control needs. */
  install(material: Material): Promise<ReloadContext>
  switchTo(number: number): Promise<ReloadContext>
  control(reload: ReloadConfiguration): ServerControl
  probe(endpoints: readonly ProbeEndpoint[], material: Material, limitMs?: number): Promise<ProbeVerdict>
  /** A whole rotation. Gives back the serial and the time from the minted certificate to the first look that saw it. */
  rotate(reload: ReloadConfiguration, endpoints: readonly ProbeEndpoint[]): Promise<Rotation>
  remove(): Promise<void>
}

export interface Rotation {
  readonly serial: string
  readonly material: Material
  readonly mintToServedMs: number
}

export interface TestHostOptions {
  /** Default: one of its own. */
  readonly issuer?: TestIssuer
  readonly formats?: readonly FormatName[]
  /** Needed by the format `pkcs12`. */
  readonly keystorePassword?: string
  readonly order?: TestOrder
  readonly access?: { readonly mode: number; readonly uid?: number; readonly gid?: number }
}

export async function createTestHost(options: TestHostOptions = {}): Promise<TestHost> {
  const root = await mkdtemp(join(tmpdir(), 'mayfly-host-'))
  // A server that gives up its privileges still has to find its files.
  await nodeFileSystem.setAccess(root, { mode: 0o755 })
  const folder = join(root, 'server')
  await nodeFileSystem.makeDirectory(folder, { mode: 0o755 })
  const live = join(root, 'live')
  const issuer = options.issuer ?? (await createTestIssuer())
  const ports = { fileSystem: nodeFileSystem, processRunner: nodeProcessRunner }
  const name = 'web'
  let number = 0

  async function switchTo(chosen: number): Promise<ReloadContext> {
    await switchGeneration({ fileSystem: nodeFileSystem, live, name, number: chosen })
    return { liveFolder: livePath(live, name), generationFolder: generationPath(live, name, chosen) }
  }

  async function install(material: Material): Promise<ReloadContext> {
    number++
    const { formats = [], keystorePassword } = options
    const files = await encodeFormats(material, {
      formats,
      ...(keystorePassword !== undefined && { keystorePassword: new TextEncoder().encode(keystorePassword) }),
    })
    const access = options.access ?? { mode: 0o600 }
    await writeGeneration({ fileSystem: nodeFileSystem, live, name, number, files, access })
    return switchTo(number)
  }

  function probe(
    endpoints: readonly ProbeEndpoint[],
    material: Material,
    limitMs?: number,
  ): Promise<ProbeVerdict> {
    return probeUntil({
      endpoints,
      expectedSerial: leafOf(material).serial,
      bundle: material.bundle,
      clientMaterial: material,
      clock: systemClock,
      ...(limitMs !== undefined && { limitMs }),
    })
  }

  async function rotate(reload: ReloadConfiguration, endpoints: readonly ProbeEndpoint[]): Promise<Rotation> {
    const server = prepareServer(reload, ports)
    const material = await issuer.issue(options.order)
    const begun = systemClock.monotonic()
    const context = await install(material)
    await server.check(context)
    await server.reload(context)
    const reloadedMs = systemClock.monotonic() - begun
    const verdict = await probe(endpoints, material)
    if (verdict.outcome !== 'served') throw new Error(verdict.message)
    return { serial: leafOf(material).serial, material, mintToServedMs: reloadedMs + verdict.servedAfterMs }
  }

  return {
    folder,
    liveFolder: livePath(live, name),
    issuer,
    issue: (order) => issuer.issue({ ...options.order, ...order }),
    install,
    switchTo,
    control: (reload) => prepareServer(reload, ports),
    probe,
    rotate,
    remove: () => rm(root, { recursive: true, force: true }),
  }
}
