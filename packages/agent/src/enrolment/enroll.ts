import {
  type EnrolmentTokenClaims,
  type Instant,
  isMayflyError,
  MayflyError,
  parseIdentityName,
  readEnrolmentToken,
} from '@mayfly/ca-core'
import { type FileLock, resolveAccess } from '@mayfly/platform'
import type { AgentPorts } from '../agent-ports.ts'
import { tryFolder } from '../checking/try-folder.ts'
import type { AgentConfiguration } from '../configuration/agent-configuration.ts'
import type { CertificateSettings } from '../configuration/certificate-settings.ts'
import {
  addCertificateEntry,
  type CertificateEntry,
  type NewFileSettings,
  prepareConfigurationFolder,
  readConfigurationText,
  writeCertificateEntry,
} from '../configuration/write-certificate-entry.ts'
import { liveFolderExists } from '../installing/live-folder.ts'
import { archivePath } from '../installing/paths.ts'
import { createCertificateKeeper, type KeeperView } from '../rotation/certificate-keeper.ts'
import { localServers } from '../rotation/local-servers.ts'
import type { RotationEvent } from '../rotation/rotation-event.ts'
import { openBundleShelf } from '../state/bundle-shelf.ts'
import { openLineageStore } from '../state/lineage-store.ts'
import type { Setback } from '../state/setback.ts'
import { prepareStateFolder, statePaths } from '../state/state-folder.ts'
import { openHistory } from '../status/history.ts'
import { createIssuerClient } from '../transport/issuer-client.ts'
import { agentVersion } from '../version.ts'
import { type EnrolmentContext, requestEnrolment } from './request-enrolment.ts'

/** The server is often started only once its files are there, so a person is not kept waiting for it. */
const firstLookMs = 2_000
/** An enrolment installs and looks once; the rest is the running agent's. */
const installAndServe = 2

export interface EnrollOptions {
  readonly token: string
  /** The certificate's name in the configuration and of its live folder; absent means the identity's. */
  readonly name?: string
  readonly configPath: string
  /** Written under the certificate in `agent.yaml`: `reload`, `probe`, `owner` and so on. */
  readonly entry?: CertificateEntry
  /** For an `agent.yaml` that does not exist yet. */
  readonly newFile?: NewFileSettings
}

export interface Enrolment {
  readonly name: string
  readonly identity: string
  readonly serial: string
  readonly notAfter: Instant
  readonly configPath: string
  /** `left-to-agent`: an agent is running on this state, and takes the certificate up by itself. */
  readonly installation:
    | {
        readonly is: 'installed'
        readonly generation: number
        readonly served: boolean
        /** What the live ports showed; empty where none is looked at. */
        readonly servedSerials: readonly string[]
        readonly setback?: Setback
      }
    | { readonly is: 'left-to-agent' }
    | { readonly is: 'failed'; readonly setback: Setback }
}

/**
 * Joins this host with a token: the first certificate, its entry in `agent.yaml`, and generation 0001 installed.
 * It may be run again after any failure, with the same token.
 */
export async function enroll(options: EnrollOptions, ports: AgentPorts): Promise<Enrolment> {
  const claims = readEnrolmentToken(options.token)
  const name = parseIdentityName(options.name ?? claims.identity)
  const { configuration, entry } = await planEntry(options, ports, name, claims)
  const settings = settingsOf(configuration, name, claims)
  // A token is used once: what stands in the way of the rest is told before.
  const access = await resolveAccess(settings, ports)
  await prepareConfigurationFolder(ports.fileSystem, options.configPath)
  await liveFolderExists(ports.fileSystem, configuration.live)
  const isForOthers = access.uid !== undefined || access.gid !== undefined
  if (isForOthers) await tryFolder(ports, archivePath(configuration.live, name), access)
  await requireNoOther(ports, configuration, name, claims)

  await prepareStateFolder(ports.fileSystem, configuration.state)
  const lock = await ports.lock(statePaths.enrolmentLock(configuration.state))
  try {
    const context = openContext(ports, configuration, name, settings)
    const first = await requestEnrolment(context, options.token.trim(), claims)
    await writeCertificateEntry(ports.fileSystem, options.configPath, name, entry, options.newFile)
    return {
      name,
      identity: claims.identity,
      serial: first.serial,
      notAfter: first.notAfter,
      configPath: options.configPath,
      installation: await install(context, configuration),
    }
  } finally {
    lock.release()
  }
}

/** Reads what the configuration will be, so that a mistake in it is told before the token is used. */
async function planEntry(
  { configPath, entry = {}, newFile }: EnrollOptions,
  { fileSystem }: AgentPorts,
  name: string,
  { identity }: EnrolmentTokenClaims,
): Promise<{ configuration: AgentConfiguration; entry: CertificateEntry }> {
  const text = (await readConfigurationText(fileSystem, configPath)) ?? ''
  const full = { identity, ...entry }
  return {
    configuration: addCertificateEntry(text, configPath, name, full, newFile).configuration,
    entry: full,
  }
}

function settingsOf(
  configuration: AgentConfiguration,
  name: string,
  { identity }: EnrolmentTokenClaims,
): CertificateSettings {
  const settings = configuration.certificates[name]
  if (settings === undefined) throw new TypeError(`the entry ${name} was not written`)
  if (settings.identity === undefined || settings.identity === identity) return settings
  throw new MayflyError(
    'config-invalid',
    `the token is for the identity ${identity}, but the certificate ${name} is configured for ${settings.identity}`,
    { details: { name, identity } },
  )
}

/** An identity has one lineage: a second certificate of it would end the first one, which nobody would see for hours. */
async function requireNoOther(
  { fileSystem }: AgentPorts,
  { state, certificates }: AgentConfiguration,
  name: string,
  { identity, rootFingerprint }: EnrolmentTokenClaims,
): Promise<void> {
  for (const other of Object.keys(certificates)) {
    if (other === name) continue
    // One that cannot be read is told of by the agent.
    const found = await openLineageStore(fileSystem, state, other)
      .read()
      .catch(() => undefined)
    if (found?.identity !== identity || found.rootFingerprint !== rootFingerprint) continue
    throw new MayflyError(
      'config-invalid',
      `the certificate ${other} of this host is of the identity ${identity} already, and would end with this enrolment. Use the token with --name ${other}; for a second certificate add an identity of its own; if ${other} is not needed any more, take it out of agent.yaml first`,
      { details: { name, other, identity } },
    )
  }
}

function openContext(
  ports: AgentPorts,
  { state }: AgentConfiguration,
  name: string,
  settings: CertificateSettings,
): EnrolmentContext {
  return {
    ports,
    issuer: createIssuerClient(ports.transport, ports.clock),
    shelf: openBundleShelf(ports.fileSystem, state),
    store: openLineageStore(ports.fileSystem, state, name),
    name,
    settings,
  }
}

/** Brings the certificate to its place, unless an agent is running that does. */
async function install(
  context: EnrolmentContext,
  configuration: AgentConfiguration,
): Promise<Enrolment['installation']> {
  const lock = await lockUnlessRunning(context.ports, configuration.state)
  if (lock === undefined) return { is: 'left-to-agent' }
  try {
    await forgetInstallingSetbacks(context)
    const view = await stepOnce(context, configuration)
    return installationOf(view)
  } finally {
    lock.release()
  }
}

async function lockUnlessRunning(ports: AgentPorts, state: string): Promise<FileLock | undefined> {
  try {
    return await ports.lock(statePaths.lock(state))
  } catch (error) {
    if (isMayflyError(error, 'already-running')) return undefined
    throw error
  }
}

/** Whoever enrols again has changed something: what failed before is tried now, and not told as if it had been. */
async function forgetInstallingSetbacks({ store }: EnrolmentContext): Promise<void> {
  const state = await store.read()
  if (state === undefined) return
  const { install, restore, ...others } = state.setbacks
  if (install !== undefined || restore !== undefined) await store.write({ ...state, setbacks: others })
}

async function stepOnce(context: EnrolmentContext, { live, state }: AgentConfiguration): Promise<KeeperView> {
  const { ports, name, settings, issuer, shelf, store } = context
  const { clock, random, fileSystem, processRunner, trace } = ports
  const access = await resolveAccess(settings, { fileSystem, processRunner })
  const servers = localServers({
    fileSystem,
    processRunner,
    clock,
    live,
    name,
    settings,
    probeLimitMs: firstLookMs,
    onWarning: () => undefined,
  })
  // It is told with the certificate's later life; that it cannot be is no reason to fail.
  const history = openHistory(fileSystem, statePaths.history(state), () => undefined)
  const tell = (event: RotationEvent): void => history.add(clock.now(), name, event)
  const keeper = createCertificateKeeper(
    { clock, random, fileSystem, issuer, servers, shelf, trace, tell },
    { name, live, settings, access, version: agentVersion },
    store,
  )
  await keeper.step(installAndServe)
  await history.flush()
  return keeper.view()
}

function installationOf({ state }: KeeperView): Enrolment['installation'] {
  const setback = state?.setbacks.restore
  if (state?.live === undefined) {
    if (setback === undefined) throw new TypeError('neither installed nor failed')
    return { is: 'failed', setback }
  }
  const { number, served } = state.live
  const { servedSerials } = state
  return {
    is: 'installed',
    generation: number,
    served,
    servedSerials,
    ...(setback !== undefined && { setback }),
  }
}
