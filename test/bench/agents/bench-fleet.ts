import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AgentStatus, enroll, localPorts } from '@mayfly/agent'
import { adminClient } from '@mayfly/issuer-daemon/administration'
import { ceremony, makeRoot, passphrase } from '../../../packages/issuer-daemon/test/support/live-issuer.ts'
import { freePort } from '../../support/servers/free-port.ts'
import { type StartedServer, startServer } from '../../support/servers/started-server.ts'
import { buildMayfly } from '../built-packages.ts'
import { unitEnvironment } from '../unit-environment.ts'

/** A real issuer, and agents that are enrolled there, each a process of the built command. */
export interface BenchFleet {
  /** Enrols certificates under these names in one agent's configuration, and gives back its path. */
  enrol(home: string, names: readonly string[]): Promise<string>
  startAgent(configuration: string): Promise<StartedServer>
  stop(): Promise<void>
}

const settleLimitMs = 120_000
const lookEveryMs = 100

/** `mayfly` starts the command; left out, it is built as it is shipped. */
export async function startBenchFleet(command?: readonly [string, ...string[]]): Promise<BenchFleet> {
  const mayfly = command ?? (await buildMayfly())
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-fleet-'))
  const socket = join(folder, 'admin.sock')
  const issuer = await startBenchIssuer(mayfly, folder, socket)
  const admin = adminClient(socket)
  const ports = localPorts()
  const running = new Set<StartedServer>([issuer])

  async function enrol(home: string, names: readonly string[]): Promise<string> {
    const place = join(folder, home)
    await mkdir(place)
    const configPath = join(place, 'agent.yaml')
    const newFile = { state: join(place, 'state'), live: join(place, 'live') }
    for (const name of names) {
      const { token } = await admin.createToken({
        identity: name,
        profile: 'peer',
        names: [`dns:${name}.example`],
      })
      await enroll({ token, name, configPath, newFile }, ports)
    }
    return configPath
  }

  return {
    enrol,
    async startAgent(configuration) {
      const argv = [...mayfly, 'agent', 'run', '--config', configuration] as const
      const agent = await startServer({
        argv: [...argv] as [string, ...string[]],
        ready: async () => true,
        // As in the unit that is shipped.
        env: { NODE_COMPILE_CACHE: join(configuration, '../cache') },
      })
      running.add(agent)
      return agent
    },
    async stop() {
      for (const process of [...running].reverse()) await process.stop()
      await ports.transport.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Resolves once the agent serves all it has, and has asked for all that comes next. */
export async function settled({ pid, log }: StartedServer, configuration: string): Promise<AgentStatus> {
  const path = join(configuration, '../state/status.json')
  for (const begun = performance.now(); performance.now() - begun < settleLimitMs; await sleep(lookEveryMs)) {
    const status = await readStatus(path)
    if (status?.pid === pid && status.certificates.every(isSettled)) return status
  }
  throw new Error(`the agent of ${configuration} did not settle:\n${log()}`)
}

function isSettled({ installed, renewAt }: AgentStatus['certificates'][number]): boolean {
  return installed?.served === true && renewAt !== undefined
}

async function readStatus(path: string): Promise<AgentStatus | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as AgentStatus
  } catch {
    // Not there yet.
    return undefined
  }
}

/** An issuer of the built command; `prepare` makes its state folder, which is new and installed if left out. */
export async function startBenchIssuer(
  mayfly: readonly [string, ...string[]],
  folder: string,
  socket: string,
  prepare: (state: string) => Promise<unknown> = async (state) => ceremony(state, await makeRoot()),
): Promise<StartedServer> {
  const configuration = join(folder, 'issuer.yaml')
  const state = join(folder, 'issuer')
  const passphraseFile = join(folder, 'passphrase')
  const port = await freePort()
  await writeFile(passphraseFile, `${passphrase}\n`, { mode: 0o600 })
  await writeFile(
    configuration,
    `
url: https://127.0.0.1:${port}
listen: 127.0.0.1:${port}
state: ${state}
trustDomain: test.internal
passphrase: { file: ${passphraseFile} }
admin: { socket: ${socket} }
`,
  )
  await prepare(state)
  return startServer({
    argv: [...mayfly, 'issuer', 'run', '--config', configuration],
    env: await unitEnvironment('mayfly-issuer.service'),
    ready: () =>
      adminClient(socket)
        .status()
        .then(
          () => true,
          () => false,
        ),
  })
}
