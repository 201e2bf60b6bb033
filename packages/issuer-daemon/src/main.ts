import type { Hsm } from '@mayfly/ca-core'
import {
  createLogger,
  type FileWatch,
  hasChangedSince,
  type Logger,
  nodeFileSystem,
  nodeProcessRunner,
  notifySystemd,
  openHsm,
  resolveAccess,
  type SecretPorts,
  type SystemdNotifier,
  stopSignals,
  systemClock,
  systemRandom,
  watchConfiguration,
} from '@mayfly/platform'
import { frontInThread } from './api/front/thread/thread-front.ts'
import { openAuthorityShelf } from './authority/authority-shelf.ts'
import { loadAuthority } from './authority/load-authority.ts'
import { fileHistoryMark } from './backup/history-mark.ts'
import type { IssuerConfiguration } from './configuration/issuer-configuration.ts'
import { passphraseReader, pinReader } from './configuration/passphrase.ts'
import { readIssuerConfiguration } from './configuration/read-configuration.ts'
import type { Foundation } from './running/foundation.ts'
import type { RunningIssuer } from './running/start-issuer.ts'
import { openStore } from './store/open-store.ts'
import { ThreadVerifier } from './verifying/thread-verifier.ts'

export interface RunIssuerOptions {
  /** Asks a person for the passphrase without showing the answer, where the configuration says so. */
  readonly ask?: (question: string) => Promise<Uint8Array>
}

/**
 * Runs the issuer of the configuration at `configPath` until SIGTERM or SIGINT; SIGHUP and a change of the file
 * reload it.
 * Resolves when everything that was accepted is finished. Rejects with a `MayflyError` where it can't start, or where a part
 * ended that nothing works without.
 *
 * This is the composition root: only here are the adapters named and the environment read.
 */
export async function runIssuer(configPath: string, options: RunIssuerOptions = {}): Promise<void> {
  const configuration = await readIssuerConfiguration(nodeFileSystem, configPath)
  const log = createLogger({ level: configuration.log.level, name: 'mayfly-issuer', clock: systemClock })
  const systemd = systemdNotifier(log)
  const { signal, dispose } = stopSignals()
  const store = await openStore(configuration.store, {
    fileSystem: nodeFileSystem,
    environment: process.env,
    clock: systemClock,
    random: systemRandom,
  })
  const verifier = new ThreadVerifier()
  const hsm = hsmOf(configuration, options)
  const hangups = queueHangups()
  try {
    const foundation: Foundation = {
      clock: systemClock,
      random: systemRandom,
      store,
      verifier,
      openFront: frontInThread(log),
      log,
      resolveAccess: (request) =>
        resolveAccess(request, { fileSystem: nodeFileSystem, processRunner: nodeProcessRunner }),
      ...authorityAccess(configuration, hsm, options),
    }
    // Loaded here: every command that imports the package would load the API and its libraries with it.
    const { startIssuer } = await import('./running/start-issuer.ts')
    const issuer = await startIssuer(configuration, foundation)
    // A mistake in the configuration or on disk is told, and the issuer goes on as it was.
    const read = () => readIssuerConfiguration(nodeFileSystem, configPath)
    const { reload } = issuer.follow(read)
    hangups.serve(reload)
    const watch = await watchFile(configPath, reload, log)
    if (await hasChangedSince(configuration, read)) void reload()
    try {
      await untilStopped(issuer, configuration, systemd, log, signal)
    } finally {
      await watch.close()
    }
  } finally {
    hangups.dispose()
    dispose()
    await verifier.close()
    await hsm?.close()
    await store.close()
  }
}

async function untilStopped(
  issuer: RunningIssuer,
  { url }: IssuerConfiguration,
  systemd: SystemdNotifier,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  log.info({ url, port: issuer.port, metricsPort: issuer.metricsPort }, 'ready')
  await systemd.ready()
  await systemd.status(`Issuing as ${url}`)
  const watching = new AbortController()
  const watchdog = systemd.keepAlive(watching.signal)
  const failure = await Promise.race([aborted(signal), issuer.failed])
  if (failure !== undefined) log.fatal({ err: failure }, 'a part has ended that nothing works without')
  log.info('stopping')
  await systemd.stopping()
  await issuer.stop()
  // Until here: finishing what was accepted may take longer than a watchdog waits.
  watching.abort()
  await watchdog
  log.info('stopped')
  if (failure !== undefined) throw failure
}

function watchFile(configPath: string, reload: () => Promise<void>, log: Logger): Promise<FileWatch> {
  return watchConfiguration(configPath, {
    onChange: reload,
    onError: (err) =>
      log.warn({ err }, 'watching the configuration has failed; the issuer looks every minute all the same'),
  })
}

/** The token of the configuration; nothing of it is loaded where there is none. */
function hsmOf({ hsm }: IssuerConfiguration, options: RunIssuerOptions): Hsm | undefined {
  if (hsm === undefined) return undefined
  const { uri, pin } = hsm
  const environment = process.env
  return openHsm({ uri, pin: pinReader(pin, secretPorts(options)), clock: systemClock, environment })
}

function secretPorts({ ask }: RunIssuerOptions): SecretPorts {
  return { fileSystem: nodeFileSystem, environment: process.env, ...(ask && { ask }) }
}

function authorityAccess(
  { state, passphrase }: IssuerConfiguration,
  hsm: Hsm | undefined,
  options: RunIssuerOptions,
): Pick<Foundation, 'loadAuthority' | 'shelf' | 'historyMark' | 'hsm'> {
  const readPassphrase = passphraseReader(passphrase, secretPorts(options))
  const place = { fileSystem: nodeFileSystem, state, ...(hsm && { hsm }) }
  return {
    loadAuthority: async () =>
      loadAuthority({ ...place, passphrase: await readPassphrase(), now: systemClock.now() }),
    ...(hsm && { hsm }),
    historyMark: fileHistoryMark(place),
    shelf: openAuthorityShelf({ ...place, passphrase: readPassphrase, now: () => systemClock.now() }),
  }
}

function systemdNotifier(log: Logger): SystemdNotifier {
  return notifySystemd({
    processRunner: nodeProcessRunner,
    clock: systemClock,
    environment: process.env,
    pid: process.pid,
    onError: (error) => log.warn({ err: error }, 'systemd was not told'),
  })
}

/** SIGHUP would end the process before the issuer runs. */
function queueHangups(): { serve(reload: () => Promise<void>): void; dispose(): void } {
  let act: (() => Promise<void>) | undefined
  let isAsked = false
  const onHangup = (): void => {
    if (act === undefined) isAsked = true
    else void act()
  }
  process.on('SIGHUP', onHangup)
  return {
    serve(reload) {
      act = reload
      if (isAsked) void reload()
    },
    dispose: () => void process.off('SIGHUP', onHangup),
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return Promise.resolve(undefined)
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }))
}
