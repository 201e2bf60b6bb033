import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parseCertificateChain, parsePrivateKey } from '@mayfly/ca-core'
import { createLogger, systemClock, systemRandom } from '@mayfly/platform'
import { enroll } from '../../packages/agent/src/enrolment/enroll.ts'
import { type LocalPorts, localPorts } from '../../packages/agent/src/local-ports.ts'
import { runAgent } from '../../packages/agent/src/main.ts'
import { type LineageState, lineageStateSchema } from '../../packages/agent/src/state/lineage-state.ts'
import { eventually, readStatusFile, wishRenewal } from '../../packages/agent/test/support/agent-process.ts'
import { type IssuerServer, serveIssuer } from '../../packages/agent/test/support/issuer-server.ts'
import { VirtualIssuer } from '../../packages/agent/test/support/virtual-issuer.ts'
import { RecordedDisk, tracedCalls } from '../support/faults/recorded-disk.ts'
import { withoutPackages } from '../support/missing-programs.ts'
import { servedSerial } from '../support/served-serial.ts'
import { layNginx, type NginxPlace, nginxArgv } from '../support/servers/nginx.ts'
import { listens, type StartedServer, startServer } from '../support/servers/started-server.ts'

const agentScript = join(import.meta.dirname, '../../packages/agent/test/support/agent-child.ts')
const serverName = 'web-1.example'
/** A rotation leaves about ninety, and a good ten that somebody makes something of. */
const treesMin = 50
const startsMin = 8

/**
 * One rotation of a real agent on a real disk, recorded call by call; every tree of files that a loss of power could have
 * left is laid on the disk again, and a real nginx and a real agent start on it.
 */
describe('a loss of power in a rotation', {
  timeout: 280_000,
  skip: withoutPackages('nginx', 'strace'),
}, () => {
  let folder: string
  let disk: string
  let configPath: string
  let issuer: VirtualIssuer
  let server: IssuerServer
  let ports: LocalPorts
  let nginx: NginxPlace
  let running: StartedServer | undefined

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mayfly-power-'))
    await chmod(folder, 0o755)
    disk = join(folder, 'disk')
    configPath = join(folder, 'agent.yaml')
    await mkdir(disk)
    issuer = await VirtualIssuer.create({ clock: systemClock, random: systemRandom })
    server = await serveIssuer(issuer)
    ports = localPorts()
    await writeFile(configPath, `state: ${disk}/state\nlive: ${disk}/live\n`)
    await enroll({ token: await issuer.token(), name: 'web', configPath }, ports)
    nginx = await layNginx({ folder: join(folder, 'nginx'), liveFolder: join(disk, 'live', 'web') })
    const { pidFile, configuration, prefix, port } = nginx
    const reload = { preset: 'nginx', pidFile, configuration, prefix }
    const certificates = { web: { reload, probe: [{ connect: `127.0.0.1:${port}`, serverName }] } }
    await writeFile(
      configPath,
      JSON.stringify({ state: `${disk}/state`, live: `${disk}/live`, certificates }),
    )
  })
  after(async () => {
    await running?.stop()
    await ports?.transport.close()
    await server?.close()
    await rm(folder, { recursive: true })
  })

  async function startNginx(): Promise<void> {
    running = await startServer({ argv: nginxArgv(nginx), ready: () => listens(nginx.port) })
  }

  async function stopNginx(): Promise<void> {
    await running?.stop()
    running = undefined
  }

  const portSerial = (): Promise<string> =>
    servedSerial({ connect: { host: '127.0.0.1', port: nginx.port }, serverName }, issuer.bundle)

  /** The pair that the live link leads to is one, and the lineage knows of it. Gives back its serial. */
  async function assertWhole(): Promise<string> {
    const live = join(disk, 'live', 'web')
    const [leaf] = parseCertificateChain(await readFile(join(live, 'fullchain.pem'), 'utf8'))
    const { publicKey } = parsePrivateKey(await readFile(join(live, 'key.pem'), 'utf8'))
    assert.equal(publicKey.hash, leaf?.publicKey.hash)
    assert.ok((await readFile(join(live, 'bundle.pem'), 'utf8')).includes('BEGIN CERTIFICATE'))
    const { head, candidate, generations } = await readState()
    assert.ok([head.serial, candidate?.serial].includes(leaf?.serial))
    assert.ok(generations.some(({ serial }) => serial === leaf?.serial))
    return leaf?.serial ?? ''
  }

  /** What an agent or a server that starts makes something of: the lineage, the live link and the generations. */
  async function whatDiffers(): Promise<string> {
    const archived = await readdir(join(disk, 'archive', 'web'))
    return JSON.stringify([await readState(), await readlink(join(disk, 'live', 'web')), archived.sort()])
  }

  async function readState(): Promise<LineageState> {
    return lineageStateSchema.parse(JSON.parse(await readFile(join(disk, 'state/lineages/web.json'), 'utf8')))
  }

  /** Resolves once the newest certificate is on the port, and the next one is promised. */
  function settled(
    log: () => string,
    isDone: (state: LineageState) => boolean = () => true,
  ): Promise<string> {
    return eventually(
      'the agent has gone on',
      async () => {
        const state = await readState()
        const { head, candidate, live, staged } = state
        const isSettled = candidate === undefined && live?.served === true && staged?.promise !== undefined
        return isSettled && isDone(state) && (await portSerial()) === head.serial ? head.serial : undefined
      },
      log,
    )
  }

  async function runUntilSettled(): Promise<string> {
    const lines: string[] = []
    const destination = { write: (line: string) => void lines.push(line) }
    const logger = createLogger({ level: 'info', name: 'agent', clock: systemClock, destination })
    const stop = new AbortController()
    const agent = runAgent(configPath, { signal: stop.signal, logger })
    agent.catch((error: unknown) => lines.push(String(error)))
    try {
      return await settled(() => lines.slice(-12).join(''))
    } finally {
      stop.abort()
      await agent
    }
  }

  /** The calls of one rotation, from the agent's start to the promise of the next certificate, in their order. */
  async function recordRotation(): Promise<readonly string[]> {
    const before = (await readState()).head.serial
    await wishRenewal(disk, 'web')
    const traces = join(folder, 'traces')
    await mkdir(traces)
    const options = ['-ff', '-o', join(traces, 'of'), '-ttt', '-y', '-xx', '-s', '1048576', '--seccomp-bpf']
    const command = [process.execPath, '-C', 'source', agentScript, configPath]
    const strace = spawn('strace', [...options, '-e', `trace=${tracedCalls}`, ...command], {
      stdio: 'ignore',
    })
    const ended = once(strace, 'exit')
    await settled(
      () => '',
      ({ head }) => head.serial !== before,
    )
    process.kill((await readStatusFile(disk)).pid, 'SIGTERM')
    await ended
    const files = await readdir(traces)
    const texts = await Promise.all(files.map((name) => readFile(join(traces, name), 'latin1')))
    const lines = texts.flatMap((text) => text.split('\n').filter((line) => line !== ''))
    return lines.sort((one, other) => Number.parseFloat(one) - Number.parseFloat(other))
  }

  test('only what was fsynced is left, with each folder as of its fsync or of now: nginx starts on a whole pair, and the agent goes on', async () => {
    // 1. One rotation, call by call.
    await startNginx()
    const recorded = await RecordedDisk.open(disk)
    const lines = await recordRotation()
    await stopNginx()
    // 2. What a loss of power could have left before and after each call.
    const trees = new Map<string, (path: string) => Promise<void>>()
    const collect = (): void => {
      for (const { key, layAt } of recorded.afterPowerLoss()) trees.set(key, layAt)
    }
    collect()
    for (const line of lines) if (recorded.apply(line)) collect()
    assert.ok(trees.size >= treesMin, `only ${trees.size} trees`)
    // 3. Each has a whole pair and a state that can be read; where these or the generations differ, nginx and then the agent
    // start on it.
    const generations = new Set<string>()
    const started = new Set<string>()
    for (const layAt of trees.values()) {
      await layAt(disk)
      const serial = await assertWhole()
      const differing = await whatDiffers()
      if (started.has(differing)) continue
      started.add(differing)
      await startNginx()
      assert.equal(await portSerial(), serial)
      generations.add(serial)
      await runUntilSettled()
      await stopNginx()
    }
    assert.ok(started.size >= startsMin, `only ${started.size} starts`)
    assert.equal(generations.size, 2, 'the one before and the one after')
  })
})
