import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { systemClock } from '@mayfly/platform'
import { orWithAlarms, tellAlarms } from './agent-alarms.ts'
import { type Attempt, tryWhatIsForbidden } from './attempts/forbidden-attempts.ts'
import { openFleetScreen } from './fleet/fleet-screen.ts'
import { emptyFleet } from './fleet/fleet-view.ts'
import { playingHints } from './playing-hints.ts'
import { holdCeremony } from './setting/ceremony.ts'
import { demoFolders } from './setting/demo-folders.ts'
import { demoHosts } from './setting/demo-hosts.ts'
import { freePorts } from './setting/free-ports.ts'
import type { Stage } from './stage.ts'
import { enrollHost, startAgent, startCaller, startIssuer, startServers } from './start-fleet.ts'
import { judgeDemo } from './verdict.ts'
import { previousGeneration, untilRotated, untilSeen } from './watch-fleet.ts'

export interface DemoOptions {
  /** A folder that does not exist yet, and stays; without it everything is removed at the end. */
  readonly keep?: string
}

/** Of each server. Half of the calls go over kept connections, half over fresh ones. */
const callsPerSecond = 50

/**
 * Runs a whole fleet on this machine, in separate processes, and tries what must fail.
 * Resolves to the exit code: 0 only if every rotation was seen on the live ports, every call succeeded and
 * everything forbidden was refused. Nothing is left running.
 */
export async function runDemo(options: DemoOptions, signal: AbortSignal): Promise<number> {
  const home =
    options.keep === undefined ? await mkdtemp(join(tmpdir(), 'mayfly-demo-')) : resolve(options.keep)
  if (options.keep !== undefined) await mkdir(home)
  const stage: Stage = {
    home,
    screen: openFleetScreen(process.stdout),
    signal,
    children: [],
    fleet: emptyFleet(Object.keys(demoHosts)),
  }
  try {
    return await orWithAlarms(stage, () => tellStory(stage))
  } finally {
    // The caller first, the issuer last: nobody calls what is gone already.
    for (const child of stage.children.reverse()) await child.stop()
    if (options.keep === undefined) await rm(home, { recursive: true, force: true })
    else stage.screen.say(playingHints(home))
  }
}

async function tellStory(stage: Stage): Promise<number> {
  const { home, screen } = stage
  const folders = demoFolders(home)
  const [issuerPort = 0, web = 0, api = 0] = await freePorts(3)

  screen.say('1. The ceremony: a root, a request on a stick, its signature, the way back.')
  const issuer = await holdCeremony(folders, issuerPort)

  screen.say('2. The issuer starts; three hosts join with a token each; their servers and agents start.')
  await startIssuer(stage, issuer)
  const ports: Readonly<Record<string, number>> = { web, api }
  for (const host of Object.values(demoHosts)) await enrollHost(host, folders, issuer, ports[host.name])
  await startServers(stage, folders, { web, api })
  for (const host of Object.values(demoHosts)) startAgent(stage, host, folders)

  screen.say(
    `3. ${callsPerSecond} calls a second to each server, while every certificate is replaced again and again.`,
  )
  const targets = [
    { host: 'web', url: `https://127.0.0.1:${web}/` },
    { host: 'api', url: `https://127.0.0.1:${api}/` },
  ]
  const caller = await startCaller(stage, folders, { callsPerSecond, targets })
  await untilRotated(stage, folders)

  screen.say('4. What must fail.')
  const attempts = await tryWhatIsForbidden({
    callerLive: join(folders.host('desk').live, 'desk'),
    targets,
    issuerUrl: issuer.url,
    olderGeneration: await previousGeneration(folders, 'web'),
    scratch: join(home, 'attacker'),
  })
  for (const attempt of attempts) screen.say(describeAttempt(attempt))

  await untilSeen(stage, folders)
  await caller.stop()
  screen.show(stage.fleet, systemClock.now())
  screen.settle()
  return summarise(stage, attempts)
}

async function summarise(stage: Stage, attempts: readonly Attempt[]): Promise<number> {
  const { screen, fleet } = stage
  const complaints = judgeDemo(fleet, attempts)
  const calls = fleet.hosts.reduce((sum, host) => sum + host.calls, 0)
  const failures = fleet.hosts.reduce((sum, host) => sum + host.failures, 0)
  screen.say('')
  screen.say(`${calls} calls, ${failures} failed; ${attempts.length} forbidden things tried.`)
  for (const reason of fleet.reasons) screen.say(`  failed call: ${reason}`)
  for (const complaint of complaints) screen.say(`  wrong: ${complaint}`)
  if (complaints.length > 0) await tellAlarms(stage)
  screen.say(complaints.length === 0 ? 'Everything held.' : 'Not everything held.')
  return complaints.length === 0 ? 0 : 1
}

function describeAttempt({ refused, what, how }: Attempt): string {
  return `   ${refused ? 'refused' : 'NOT REFUSED'}: ${what} (${how})`
}
