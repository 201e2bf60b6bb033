import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import {
  type Certificate,
  createRoot,
  dayMs,
  generateKeyPair,
  type Hsm,
  type KeyPair,
  keySigner,
  parseCertificateRequestPem,
  signIntermediate,
  signTrustBundle,
} from '@mayfly/ca-core'
import { FakeRandom } from '../../../../test/fakes/fake-random.ts'
import { type FileOperation, MemoryFileSystem } from '../../../../test/fakes/memory-file-system.ts'
import { layQuickKeys } from '../../../../test/support/quick-keys.ts'
import {
  type InitAuthorityOptions,
  type InitialisedAuthority,
  initAuthority,
} from '../../src/authority/init-authority.ts'
import {
  type InstallAuthorityOptions,
  type InstalledAuthority,
  installAuthority,
} from '../../src/authority/install-authority.ts'
import { type LoadedAuthority, loadAuthority } from '../../src/authority/load-authority.ts'

export const now: number = Date.UTC(2026, 0, 15, 12)
export const state = '/var/lib/mayfly'
export const passphrase: Uint8Array = new TextEncoder().encode('correct horse battery staple')

/** What the root box does. */
export interface RootBox {
  readonly root: Certificate
  readonly keyPair: KeyPair
  sign(requestPem: string, options?: { lifetimeSeconds?: number; now?: number }): Promise<string>
  bundle(content?: {
    sequence?: number
    distrusted?: string[]
    trustDomain?: string
    roots?: Certificate[]
  }): Promise<string>
}

export async function createRootBox(name: string): Promise<RootBox> {
  const random = new FakeRandom(name)
  const keyPair = await generateKeyPair('ec-p256')
  const root = await createRoot({ keyPair, commonName: name, now: now - dayMs, random })
  return {
    root,
    keyPair,
    async sign(requestPem, options = {}) {
      const request = parseCertificateRequestPem(requestPem)
      const signer = { certificate: root, signer: keySigner(keyPair) }
      return (await signIntermediate({ root: signer, request, now, random, ...options })).pem
    },
    bundle: (content = {}) =>
      signTrustBundle(
        { sequence: 1, trustDomain: 'test.example', roots: [root], distrusted: [], ...content },
        { certificate: root, keyPair, now },
      ),
  }
}

/** An issuer host with nothing on it but its file system. */
export interface IssuerHost {
  readonly fileSystem: MemoryFileSystem
  init(more?: Partial<InitAuthorityOptions>): Promise<InitialisedAuthority>
  install(options: Partial<InstallAuthorityOptions> & InstallInput): Promise<InstalledAuthority>
  load(at?: number): Promise<LoadedAuthority>
  /** Key, request, the root's signature, installation. */
  ceremony(rootBox: RootBox, sequence?: number): Promise<Certificate>
}

type InstallInput = Pick<InstallAuthorityOptions, 'intermediatePem' | 'bundleText'>

/** Puts the files of one host on another. */
export async function copyState(from: IssuerHost, to: IssuerHost, folder: string = state): Promise<void> {
  await to.fileSystem.makeDirectory(folder, { mode: 0o700 })
  for (const name of await from.fileSystem.list(folder)) {
    const path = `${folder}/${name}`
    const status = await from.fileSystem.status(path)
    if (status?.type === 'directory') await copyState(from, to, path)
    else await to.fileSystem.createFile(path, await from.fileSystem.readFile(path), { mode: 0o600 })
  }
  await to.fileSystem.syncDirectory(folder)
  await to.fileSystem.syncDirectory(dirname(folder))
}

/** With keys in files that open at once, unless `init` is to make its `own`. */
export async function createIssuerHost(
  rootBox: RootBox,
  hsm?: Hsm,
  keys: 'quick' | 'own' = 'quick',
): Promise<IssuerHost> {
  const fileSystem = new MemoryFileSystem()
  await fileSystem.makeDirectory('/var/lib', { mode: 0o755 })
  await fileSystem.syncDirectory('/var')
  await fileSystem.syncDirectory('/')
  const random = new FakeRandom()
  const host: IssuerHost = {
    fileSystem,
    async init(more = {}) {
      const place = { ...(hsm && { hsm }), ...more }
      const inHsm = place.hsm !== undefined
      if (keys === 'quick') await layQuickKeys(fileSystem, state, Buffer.from(passphrase).toString(), inHsm)
      return initAuthority({ ...{ fileSystem, random, state, keyType: 'ec-p256', passphrase }, ...place })
    },
    install: (options) =>
      installAuthority({ fileSystem, state, now, rootFingerprint: rootBox.root.fingerprint, ...options }),
    load: (at = now) => loadAuthority({ fileSystem, state, passphrase, now: at, ...(hsm && { hsm }) }),
    async ceremony(box, sequence = 1) {
      const { requestPem } = await host.init()
      const intermediatePem = await box.sign(requestPem)
      const bundleText = await box.bundle({ sequence })
      return (await host.install({ intermediatePem, bundleText })).certificate
    },
  }
  return host
}

/**
 * Loses power before each operation of `work` in turn, each time on a host of its own, and after the last.
 * `check` sees the host as it starts again.
 */
export async function losePowerAtEachStep<Prepared>(options: {
  readonly prepare: () => Promise<{ readonly host: IssuerHost; readonly prepared: Prepared }>
  readonly work: (host: IssuerHost, prepared: Prepared) => Promise<unknown>
  readonly check: (host: IssuerHost, prepared: Prepared) => Promise<void>
}): Promise<void> {
  for (let survived = 0; ; survived++) {
    const { host, prepared } = await options.prepare()
    let left = survived
    host.fileSystem.onOperation = (operation) => {
      if (!readOnly.has(operation) && left-- === 0) throw new PowerLoss()
    }
    const died = await options.work(host, prepared).then(
      () => false,
      (error: unknown) => assert.ok(error instanceof PowerLoss, String(error)) ?? true,
    )
    host.fileSystem.onOperation = () => undefined
    host.fileSystem.powerLoss()
    await options.check(host, prepared)
    if (!died) return
  }
}

/** Losing power before one of these is losing it before the next that changes something. */
const readOnly: ReadonlySet<FileOperation> = new Set(['readFile', 'readLink', 'list', 'readFolder', 'status'])

class PowerLoss extends Error {}
