import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import type { LookupFunction } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { minuteMs } from '@mayfly/ca-core'
import { createLogger, nodeFileSystem, systemClock } from '@mayfly/platform'
import { stringify } from 'yaml'
import type { AgentPorts } from '../../../packages/agent/src/agent-ports.ts'
import type { CertificateEntry } from '../../../packages/agent/src/configuration/write-certificate-entry.ts'
import { enroll } from '../../../packages/agent/src/enrolment/enroll.ts'
import { localPorts } from '../../../packages/agent/src/local-ports.ts'
import { runAgent } from '../../../packages/agent/src/main.ts'
import type { ProbeEndpoint } from '../../../packages/agent/src/probing/endpoint.ts'
import { type LineageState, lineageStateSchema } from '../../../packages/agent/src/state/lineage-state.ts'
import type { StatusAlarm } from '../../../packages/agent/src/status/agent-status.ts'
import { type HistoryLine, readHistory } from '../../../packages/agent/src/status/history.ts'
import { agentStatus, type StatusReading } from '../../../packages/agent/src/status/read-status.ts'
import { openTransport } from '../../../packages/agent/src/transport/https-transport.ts'
import { eventually, wishRenewal } from '../../../packages/agent/test/support/agent-process.ts'
import { type FaultyFileSystem, faultyFileSystem } from '../faults/faulty-file-system.ts'
import { type FaultyIssuer, startFaultyIssuer } from '../faults/faulty-issuer.ts'
import { servedSerial } from '../served-serial.ts'
import { hurriedClock } from './hurried-clock.ts'

/** Of a log, for a test that failed. */
const logLinesMax = 12
const historyLinesMax = 1_000
/** An answer that is not there by then counts as slow. */
const exchangeTimeoutMs = 400
/** In a world that is mended, the next certificate follows after half a life; while one is broken, at once. */
const mintAfterMs = 300

/** A whole agent in this process, with a real issuer port, a real disk and a real server that it keeps fresh. */
export interface ServedHost {
  readonly folder: string
  readonly configPath: string
  readonly liveFolder: string
  readonly issuer: FaultyIssuer
  readonly disk: FaultyFileSystem
  /** Takes the place of the resolver, until it is `undefined` again. */
  network: { lookup: LookupFunction | undefined }
  status(): Promise<StatusReading>
  state(): Promise<LineageState>
  /** All that has happened, oldest first. */
  history(): Promise<readonly HistoryLine[]>
  /** Wants a new certificate now, and more of them as long as the world is broken. */
  wish(): Promise<void>
  /** Resolves with an alarm whose sentence matches. */
  alarm(sentence: RegExp): Promise<StatusAlarm>
  /** Resolves once the newest certificate is served, nothing is wrong and the next one is far away. */
  settled(): Promise<string>
  /** What the live port serves. */
  serial(): Promise<string>
  log(): string
  close(): Promise<void>
}

export interface ServedHostOptions {
  /** Where state and live folders go; absent means a folder of its own. */
  readonly place?: (root: string) => Promise<string>
  /** Whether it asks a second issuer, which has no faults. Default: no. */
  readonly hasSecondIssuer?: boolean
  /** How much shorter the agent's waits are, where a live port that stays wrong would be looked at for long. */
  readonly hurry?: number
  /** Starts the server, whose files are there by now. Gives back how to reload it and where to look. */
  readonly server: (
    host: Pick<ServedHost, 'folder' | 'liveFolder'>,
  ) => Promise<{ readonly entry: CertificateEntry; readonly endpoint: ProbeEndpoint }>
}

export async function startServedHost(options: ServedHostOptions): Promise<ServedHost> {
  const root = await mkdtemp(join(tmpdir(), 'mayfly-fault-'))
  // A server that gives up its privileges still has to find its files.
  await nodeFileSystem.setAccess(root, { mode: 0o755 })
  const place = (await options.place?.(root)) ?? root
  const folder = join(root, 'server')
  await mkdir(folder, { mode: 0o755 })
  const configPath = join(root, 'agent.yaml')
  const liveFolder = join(place, 'live', 'web')

  const issuer = await startFaultyIssuer()
  const disk = faultyFileSystem()
  const network: ServedHost['network'] = { lookup: undefined }
  const ports = faultyPorts(disk, network, options.hurry ?? 1)
  const lines: string[] = []
  await write(configPath, { state: join(place, 'state'), live: join(place, 'live') })
  await enroll({ token: await issuer.issuer.token(), name: 'web', configPath }, ports)
  const issuers = options.hasSecondIssuer === true && { issuers: [issuer.issuer.url, issuer.secondUrl] }
  const { entry, endpoint } = await options.server({ folder, liveFolder })
  await write(configPath, {
    state: join(place, 'state'),
    live: join(place, 'live'),
    certificates: { web: { identity: 'web-1', ...issuers, ...entry } },
  })

  const stop = new AbortController()
  const logger = createLogger({
    level: 'info',
    name: 'agent',
    clock: systemClock,
    destination: { write: (line: string) => void lines.push(line) },
  })
  const running = runAgent(configPath, { signal: stop.signal, ports, logger })
  running.catch((error: unknown) => lines.push(String(error)))
  const log = (): string => lines.slice(-logLinesMax).join('')

  const host: ServedHost = {
    folder,
    configPath,
    liveFolder,
    issuer,
    disk,
    network,
    log,
    status: () => agentStatus(configPath, { fileSystem: nodeFileSystem, now: systemClock.now() }),
    async state() {
      const text = await readFile(join(place, 'state', 'lineages', 'web.json'), 'utf8')
      return lineageStateSchema.parse(JSON.parse(text))
    },
    history: () =>
      readHistory(nodeFileSystem, join(place, 'state', 'history.jsonl'), { count: historyLinesMax }),
    async wish() {
      issuer.issuer.mintAfterMs = mintAfterMs
      await wishRenewal(place, 'web')
    },
    alarm: (sentence) =>
      eventually(
        `an alarm that says ${sentence}`,
        async () => {
          const { alarms, status } = await host.status()
          const all = [...alarms, ...status.certificates.flatMap((certificate) => certificate.alarms)]
          return all.find(({ message }) => sentence.test(message))
        },
        log,
      ),
    settled() {
      issuer.issuer.mintAfterMs = undefined
      let last: unknown
      return eventually(
        'all is well',
        async () => {
          const { level, alarms, status } = await host.status()
          const { staged, candidate, head, live } = await host.state()
          last = {
            level,
            alarms,
            certificates: status.certificates,
            live,
            hasCandidate: candidate !== undefined,
          }
          const isFarAway = (staged?.promise?.mintAt ?? 0) > systemClock.now() + minuteMs
          const isWell = level === 'ok' && candidate === undefined && live?.served === true && isFarAway
          return isWell && (await host.serial()) === head.serial ? head.serial : undefined
        },
        () => `${JSON.stringify(last)}\n${log()}`,
      )
    },
    serial: () => servedSerial(endpoint, issuer.issuer.bundle),
    async close() {
      stop.abort()
      await running
      await ports.close()
      await issuer.close()
      await rm(root, { recursive: true, force: true })
    },
  }
  return host
}

/** This machine, but for what a test breaks. */
function faultyPorts(
  disk: FaultyFileSystem,
  network: ServedHost['network'],
  hurry: number,
): AgentPorts & { close(): Promise<void> } {
  const local = localPorts()
  const transport = openTransport(() => systemClock.now(), {
    exchangeTimeoutMs,
    lookup(hostname, options, callback) {
      if (network.lookup !== undefined) network.lookup(hostname, options, callback)
      else callback(null, [{ address: '127.0.0.1', family: 4 }])
    },
  })
  return {
    ...local,
    clock: hurriedClock(hurry),
    fileSystem: disk.fileSystem,
    transport,
    close: async () => void (await Promise.all([transport.close(), local.transport.close()])),
  }
}

async function write(path: string, configuration: object): Promise<void> {
  await nodeFileSystem.replaceFile(path, new TextEncoder().encode(stringify(configuration)), { mode: 0o644 })
}
