import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DemoChild } from './demo-child.ts'
import type { CallerSettings } from './parts/caller.ts'
import type { NodeServiceSettings } from './parts/node-service.ts'
import type { PreparedIssuer } from './setting/ceremony.ts'
import { mayflyArgv, runMayfly } from './setting/demo-command.ts'
import { nginxConfiguration } from './setting/demo-configuration.ts'
import type { DemoFolders } from './setting/demo-folders.ts'
import { callerName, type DemoHost, demoHosts } from './setting/demo-hosts.ts'
import { listens, type Stage, startOn, until } from './stage.ts'

const startLimitMs = 120_000

export interface ServerPorts {
  readonly web: number
  readonly api: number
}

/** Starts the issuer and waits until it answers its administrator. */
export async function startIssuer(stage: Stage, { configuration }: PreparedIssuer): Promise<void> {
  startOn(stage, 'issuer', mayflyArgv('issuer', 'run', '--config', configuration))
  await until(stage, 'the start of the issuer', startLimitMs, () =>
    runMayfly('issuer', 'status', '--config', configuration).then(
      () => true,
      () => false,
    ),
  )
}

/** What an operator does once for each host: a token at the issuer, one command at the host. */
export async function enrollHost(
  host: DemoHost,
  folders: DemoFolders,
  { configuration }: PreparedIssuer,
  port: number | undefined,
): Promise<void> {
  const { home, configuration: agentFile, state, live } = folders.host(host.name)
  await mkdir(home, { recursive: true })
  const names = host.names.flatMap((name) => ['--name', name])
  const created = await runMayfly(
    ...['token', 'create', host.name, '--config', configuration, '--profile', host.profile, ...names],
  )
  // In a file, because command lines are shown by `ps`.
  const tokenFile = join(home, 'token')
  await writeFile(tokenFile, String(created.token), { mode: 0o600 })
  await runMayfly(
    ...['agent', 'enroll', '--token-file', tokenFile, '--name', host.name, '--config', agentFile],
    ...['--state', state, '--live', live, ...serving(host, home, port)],
  )
  await rm(tokenFile)
}

/** nginx is told to reload; the Node service looks at the files itself. Both ports are looked at. */
function serving(host: DemoHost, home: string, port: number | undefined): string[] {
  const probe = port === undefined ? [] : ['--probe', `127.0.0.1:${port}`]
  if (host.runs !== 'nginx') return probe
  // Its own configuration is tested: that of the machine is another, which only root may.
  const own = ['--pid-file', join(home, 'nginx.pid'), '--server-config', nginxFile(home)]
  return ['--preset', 'nginx', ...own, ...probe]
}

function nginxFile(home: string): string {
  return join(home, 'nginx.conf')
}

/** Starts nginx on host one and the Node service on host two. */
export async function startServers(stage: Stage, folders: DemoFolders, ports: ServerPorts): Promise<void> {
  const web = folders.host('web')
  await mkdir(join(web.home, 'nginx-temporary'))
  const configuration = nginxFile(web.home)
  const site = nginxConfiguration({ port: ports.web, home: web.home, live: join(web.live, 'web') })
  await writeFile(configuration, site)
  const errorLog = join(web.home, 'nginx-error.log')
  startOn(stage, 'nginx', ['nginx', '-p', web.home, '-c', configuration, '-e', errorLog])

  const api = folders.host('api')
  const allowed = { allow: callerName, caller: demoHosts.desk.name }
  const service: NodeServiceSettings = { live: join(api.live, 'api'), port: ports.api, ...allowed }
  await startPart(stage, 'service', join(api.home, 'service.json'), service)
  await until(stage, 'the start of nginx and of the Node service', startLimitMs, async () => {
    return (await listens(ports.web)) && (await listens(ports.api))
  })
}

export function startAgent(stage: Stage, host: DemoHost, folders: DemoFolders): void {
  const { configuration } = folders.host(host.name)
  startOn(stage, `agent of ${host.name}`, mayflyArgv('agent', 'run', '--config', configuration))
}

export function startCaller(
  stage: Stage,
  folders: DemoFolders,
  settings: Omit<CallerSettings, 'live'>,
): Promise<DemoChild> {
  const desk = folders.host('desk')
  const live = join(desk.live, 'desk')
  return startPart(stage, 'caller', join(desk.home, 'caller.json'), { live, ...settings })
}

/** A program of the demo's own, started as `mayfly demo PART FILE`. */
async function startPart(stage: Stage, part: string, file: string, settings: object): Promise<DemoChild> {
  await writeFile(file, JSON.stringify(settings))
  return startOn(stage, part, mayflyArgv('demo', part, file))
}
