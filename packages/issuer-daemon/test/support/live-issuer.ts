import { cp, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import {
  type Certificate,
  type Clock,
  createRoot,
  encodeTrustBundlePem,
  generateKeyPair,
  type KeyPair,
  keySigner,
  parseCertificateRequestPem,
  signIntermediate,
  signTrustBundle,
} from '@mayfly/ca-core'
import {
  createLogger,
  nodeFileSystem,
  nodeProcessRunner,
  resolveAccess,
  systemClock,
  systemRandom,
} from '@mayfly/platform'
import { layQuickKeys } from '../../../../test/support/quick-keys.ts'
import { type AdminClient, adminClient } from '../../src/admin/admin-client.ts'
import type { ServerTimeouts } from '../../src/api/front/https-server.ts'
import { openAuthorityShelf } from '../../src/authority/authority-shelf.ts'
import { initAuthority } from '../../src/authority/init-authority.ts'
import { installAuthority } from '../../src/authority/install-authority.ts'
import { loadAuthority } from '../../src/authority/load-authority.ts'
import { fileHistoryMark } from '../../src/backup/history-mark.ts'
import type { IssuerConfiguration } from '../../src/configuration/issuer-configuration.ts'
import { readIssuerConfiguration } from '../../src/configuration/read-configuration.ts'
import { type RunningIssuer, startIssuer } from '../../src/running/start-issuer.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'

/** How requests are addressed; the port is another one, chosen by the system. */
export const issuerUrl = 'https://localhost:8443'
export const passphrase = 'correct horse battery staple'

export interface LiveIssuer {
  readonly folder: string
  readonly configPath: string
  readonly configuration: IssuerConfiguration
  readonly issuer: RunningIssuer
  readonly port: number
  readonly admin: AdminClient
  readonly store: Store
  readonly root: TestRoot
  /** PEM of the roots. */
  readonly ca: string
  /** All that was logged. */
  log(): string
  /** Installs a new intermediate, and a bundle with the next sequence. */
  installNext(): Promise<Certificate>
  /** Has the root sign another intermediate, which then waits. */
  prepareNext(): Promise<Certificate>
  close(): Promise<void>
}

export interface TestRoot {
  readonly keyPair: KeyPair
  readonly certificate: Certificate
}

export interface LiveIssuerOptions {
  readonly clock?: Clock
  /** YAML, behind the least that is needed. */
  readonly yaml?: string
  readonly timeouts?: ServerTimeouts
  /** How requests are addressed, with the port to listen on; default: `issuerUrl`, and any port. */
  readonly url?: string
  /** Shares its root, its intermediate and its token key; `yaml` names the database that both use. */
  readonly besides?: Pick<LiveIssuer, 'configuration' | 'root'>
}

/** A whole issuer in this process: real keys, store, sockets and TLS, in a folder of its own. */
export async function startLiveIssuer(options: LiveIssuerOptions = {}): Promise<LiveIssuer> {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-issuer-'))
  const clock = options.clock ?? systemClock
  const { besides, url } = options
  const root = besides?.root ?? (await makeRoot(clock))
  const port = url === undefined ? 0 : Number(new URL(url).port)
  const configPath = await writeConfiguration(folder, options.yaml, port, url)
  const configuration = await readIssuerConfiguration(nodeFileSystem, configPath)
  const install = (sequence: number) => ceremony(configuration.state, root, clock, sequence)
  if (besides === undefined) await install(1)
  else await cp(besides.configuration.state, configuration.state, { recursive: true, filter: isFileOrFolder })

  const lines: string[] = []
  const destination = new PassThrough()
  destination.on('data', (chunk) => lines.push(String(chunk)))
  const store = await openStore(configuration.store, {
    fileSystem: nodeFileSystem,
    environment: {},
    clock,
    random: systemRandom,
  })
  const issuer = await startIssuer(configuration, {
    clock,
    random: systemRandom,
    store,
    log: createLogger({ level: 'debug', name: 'test', clock, destination }),
    resolveAccess: (request) =>
      resolveAccess(request, { fileSystem: nodeFileSystem, processRunner: nodeProcessRunner }),
    loadAuthority: () =>
      loadAuthority({
        fileSystem: nodeFileSystem,
        state: configuration.state,
        passphrase: Buffer.from(passphrase),
        now: clock.now(),
      }),
    historyMark: fileHistoryMark({ fileSystem: nodeFileSystem, state: configuration.state }),
    shelf: openAuthorityShelf({
      fileSystem: nodeFileSystem,
      state: configuration.state,
      passphrase: async () => Buffer.from(passphrase),
      now: () => clock.now(),
    }),
    ...(options.timeouts && { timeouts: options.timeouts }),
  }).catch(async (error: unknown) => {
    await store.close()
    await rm(folder, { recursive: true, force: true })
    throw error
  })
  let sequence = 1
  return {
    folder,
    configPath,
    configuration,
    issuer,
    port: issuer.port,
    admin: adminClient(configuration.admin.socket),
    store,
    root,
    ca: encodeTrustBundlePem({
      sequence: 1,
      trustDomain: 'test.internal',
      roots: [root.certificate],
      distrusted: [],
    }),
    log: () => lines.join(''),
    installNext: () => {
      sequence += 1
      return install(sequence)
    },
    prepareNext: () => ceremony(configuration.state, root, clock, sequence, true),
    async close() {
      await issuer.stop()
      await store.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Sockets cannot be copied. */
async function isFileOrFolder(path: string): Promise<boolean> {
  const found = await stat(path)
  return found.isFile() || found.isDirectory()
}

/** Writes `issuer.yaml` and the passphrase into `folder`. */
export async function writeConfiguration(
  folder: string,
  yaml: string = '',
  port: number = 0,
  url: string = issuerUrl,
): Promise<string> {
  const path = join(folder, 'issuer.yaml')
  const text = `
url: ${url}
listen: 127.0.0.1:${port}
state: ${folder}/state
trustDomain: test.internal
passphrase: { file: ${folder}/passphrase }
${yaml}
`
  await nodeFileSystem.createFile(path, Buffer.from(text), { mode: 0o600 })
  await nodeFileSystem.createFile(join(folder, 'passphrase'), Buffer.from(`${passphrase}\n`), { mode: 0o600 })
  return path
}

/** The root box: a key and its certificate. */
export async function makeRoot(clock: Clock = systemClock): Promise<TestRoot> {
  const keyPair = await generateKeyPair('ec-p256')
  const certificate = await createRoot({
    keyPair,
    commonName: 'Test Root',
    now: clock.now(),
    random: systemRandom,
  })
  return { keyPair, certificate }
}

/** Request, signature and installation of an intermediate, with a bundle; the keys open at once. */
export async function ceremony(
  state: string,
  root: TestRoot,
  clock: Clock = systemClock,
  sequence: number = 1,
  prepareOnly: boolean = false,
): Promise<Certificate> {
  const now = clock.now()
  await layQuickKeys(nodeFileSystem, state, passphrase)
  const { requestPem } = await initAuthority({
    fileSystem: nodeFileSystem,
    random: systemRandom,
    state,
    keyType: 'ec-p256',
    passphrase: Buffer.from(passphrase),
  })
  const intermediate = await signIntermediate({
    root: { certificate: root.certificate, signer: keySigner(root.keyPair) },
    request: parseCertificateRequestPem(requestPem),
    now,
    random: systemRandom,
  })
  const bundle = { sequence, trustDomain: 'test.internal', roots: [root.certificate], distrusted: [] }
  const bundleText = await signTrustBundle(bundle, { ...root, now })
  await installAuthority({
    fileSystem: nodeFileSystem,
    state,
    now,
    intermediatePem: intermediate.pem,
    bundleText,
    prepareOnly,
    rootFingerprint: root.certificate.fingerprint,
  })
  return intermediate
}
