import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MayflyError } from '@mayfly/ca-core'
import { systemClock } from '@mayfly/platform'
import type { CallerSettings } from './caller.ts'
import { holdCeremony, type PreparedIssuer } from './ceremony.ts'
import { type DemoChild, startChild } from './demo-child.ts'
import { mayflyArgv, runMayfly } from './demo-command.ts'
import { nginxConfiguration } from './demo-configuration.ts'
import { type DemoFolders, demoFolders } from './demo-folders.ts'
import { callerName, type DemoHost, demoHosts } from './demo-hosts.ts'
import { type FleetScreen, openFleetScreen } from './fleet-screen.ts'
import {
  emptyFleet,
  type FleetView,
  rotationsSeen,
  type Sighting,
  withInstalled,
  withSighting,
} from './fleet-view.ts'
import { type Attempt, tryWhatIsForbidden } from './forbidden-attempts.ts'
import { freePorts } from './free-ports.ts'
import { installedGeneration } from './installed-generation.ts'
import type { NodeServiceSettings } from './node-service.ts'
import { judgeDemo, rotationsWanted } from './verdict.ts'

export interface DemoOptions {
  /** A new folder that stays; without it everything is removed at the end. */
  readonly keep?: string
}

/** Half of what the caller is asked for goes over kept connections, half over fresh ones. */
const callsPerSecond = 50
/** How long three rotations may take before the demo gives up. */
const rotationsLimitMs = 100_000
const startLimitMs = 20_000
const lookEveryMs = 200

/**
 * Runs a whole fleet on this machine, in separate processes, and tries what must fail.
 * Resolves to the exit code: 0 only if every rotation was seen on the live ports, every call succeeded and
 * everything forbidden was refused. Nothing is left running.
 */
export async function runDemo(options: DemoOptions, signal: AbortSignal): Promise<number> {
  const screen = openFleetScreen(process.stdout)
  const home = options.keep ?? (await mkdtemp(join(tmpdir(), 'mayfly-demo-')))
  const children: DemoChild[] = []
  try {
    if (options.keep !== undefined) await mkdir(home)
    return await tellStory({ home, children, screen, signal, fleet: emptyFleet(Object.keys(demoHosts)) })
  } finally {
    // The caller first, the issuer last: nobody calls what is gone already.
    for (const child of children.reverse()) await child.stop()
    if (options.keep === undefined) await rm(home, { recursive: true, force: true })
    else screen.say(playing(home))
  }
}

interface Stage {
  readonly home: string
  readonly children: DemoChild[]
  readonly screen: FleetScreen
  readonly signal: AbortSignal
  fleet: FleetView
}

async function tellStory(stage: Stage): Promise<number> {
  const { home, screen } = stage
  const folders = demoFolders(home)
  const [issuerPort = 0, webPort = 0, apiPort = 0] = await freePorts(3)

  screen.say('1. The ceremony: a root, a request, its signature, all by files.')
  const issuer = await holdCeremony(folders, issuerPort)
  screen.say(
    `   root ${issuer.rootFingerprint.slice(0, 16)}…, intermediate key ${issuer.keyFingerprint.slice(0, 16)}…`,
  )

  screen.say('2. The issuer starts; three hosts join with a token each.')
  await startIssuer(stage, issuer)
  for (const host of Object.values(demoHosts)) await enrollHost(host, folders, issuer)
  const ports = { web: webPort, api: apiPort }
  await startServers(stage, folders, ports)
  for (const host of Object.values(demoHosts)) await startAgent(stage, host, folders)

  screen.say(
    `3. ${callsPerSecond} calls a second to each server; certificates live 60 s and rotate every 15 s.`,
  )
  const targets = [
    { host: 'web', url: `https://127.0.0.1:${webPort}/` },
    { host: 'api', url: `https://127.0.0.1:${apiPort}/` },
  ]
  const caller = await startCaller(stage, folders, targets)
  await untilRotated(stage, folders)

  screen.say('4. What must fail.')
  const attempts = await tryWhatIsForbidden({
    callerLive: join(folders.host('desk').live, 'desk'),
    targets,
    issuerUrl: issuer.url,
    olderGeneration: await olderGeneration(folders, demoHosts.web),
    scratch: join(home, 'attacker'),
  })
  for (const attempt of attempts) screen.say(describeAttempt(attempt))
  await caller.stop()
  return summarise(stage, attempts)
}

async function startIssuer(stage: Stage, issuer: PreparedIssuer): Promise<void> {
  const child = start(stage, 'issuer', mayflyArgv('issuer', 'run', '--config', issuer.configuration))
  await until(stage, [child], 'the issuer to answer', async () => {
    const status = await runMayfly('issuer', 'status', '--config', issuer.configuration).catch(
      () => undefined,
    )
    return status !== undefined
  })
}

async function enrollHost(host: DemoHost, folders: DemoFolders, issuer: PreparedIssuer): Promise<void> {
  const { home, configuration, state, live } = folders.host(host.name)
  await mkdir(home, { recursive: true })
  const names = host.names.flatMap((name) => ['--name', name])
  const created = await runMayfly(
    ...['token', 'create', host.name, '--profile', host.profile, ...names, '--config', issuer.configuration],
  )
  // In a file, because command lines are shown by `ps`.
  const tokenFile = join(home, 'token')
  await writeFile(tokenFile, String(created.token), { mode: 0o600 })
  await runMayfly(
    ...['agent', 'enroll', '--token-file', tokenFile, '--name', host.name],
    ...['--config', configuration, '--state', state, '--live', live, ...reloading(host, home)],
  )
  await rm(tokenFile)
}

function reloading(host: DemoHost, home: string): string[] {
  return host.runs === 'nginx' ? ['--preset', 'nginx', '--pid-file', join(home, 'nginx.pid')] : []
}

async function startServers(
  stage: Stage,
  folders: DemoFolders,
  ports: { readonly web: number; readonly api: number },
): Promise<void> {
  const web = folders.host('web')
  await mkdir(join(web.home, 'nginx-temporary'))
  const nginxFile = join(web.home, 'nginx.conf')
  const settings = { port: ports.web, home: web.home, live: join(web.live, 'web') }
  await writeFile(nginxFile, nginxConfiguration(settings))
  const nginx = start(stage, 'nginx', ['nginx', '-p', web.home, '-c', nginxFile, '-e', 'nginx-error.log'])

  const api = folders.host('api')
  const service: NodeServiceSettings = { live: join(api.live, 'api'), port: ports.api, allow: callerName }
  const serviceFile = join(api.home, 'service.json')
  await writeFile(serviceFile, JSON.stringify(service))
  const node = start(stage, 'service', mayflyArgv('demo', 'service', serviceFile), onSighting(stage))
  await until(stage, [nginx, node], 'nginx and the Node service to listen', async () => {
    return (await listens(ports.web)) && (await listens(ports.api))
  })
}

async function startAgent(stage: Stage, host: DemoHost, folders: DemoFolders): Promise<void> {
  const { configuration } = folders.host(host.name)
  start(stage, `agent ${host.name}`, mayflyArgv('agent', 'run', '--config', configuration))
}
