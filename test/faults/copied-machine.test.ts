import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connect } from 'node:tls'
import { promisify } from 'node:util'
import { nodeFileSystem, systemClock } from '@mayfly/platform'
import { enroll } from '../../packages/agent/src/enrolment/enroll.ts'
import { type LocalPorts, localPorts } from '../../packages/agent/src/local-ports.ts'
import { type LineageState, lineageStateSchema } from '../../packages/agent/src/state/lineage-state.ts'
import { openLineageStore } from '../../packages/agent/src/state/lineage-store.ts'
import { agentStatus } from '../../packages/agent/src/status/read-status.ts'
import {
  type AgentProcess,
  eventually,
  startAgentScript,
} from '../../packages/agent/test/support/agent-process.ts'
import { freePorts } from '../../packages/cli/src/demo/setting/free-ports.ts'
import { mayfly } from '../../packages/cli/test/support/run-mayfly.ts'
import { type LiveIssuer, startLiveIssuer } from '../../packages/issuer-daemon/test/support/live-issuer.ts'
import { openPortGate, type PortGate } from '../support/faults/port-gate.ts'
import { withoutPackages } from '../support/missing-programs.ts'
import { type Nginx, startNginx } from '../support/servers/nginx.ts'

const agentScript = join(import.meta.dirname, '../support/hosts/agent-at-address.ts')

/** A machine: its folders, its address, its agent process and its nginx. */
interface Machine {
  /** What an image of it holds: `agent.yaml`, state, live folder and archive. */
  readonly disk: string
  readonly address: string
  readonly nginx: Nginx
  agent: AgentProcess | undefined
}

describe('a machine is copied with its disk, with the issuer, two agents and two nginx', {
  timeout: 240_000,
  skip: withoutPackages('nginx'),
}, () => {
  let folder: string
  let issuer: LiveIssuer
  let local: LocalPorts
  let gate: PortGate
  const machines: Machine[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mayfly-copied-'))
    await chmod(folder, 0o755)
    const [port = 0] = await freePorts(1)
    issuer = await startLiveIssuer({ url: `https://localhost:${port}` })
    // What comes to the port on the copy's address comes to the issuer from there.
    gate = await openPortGate(port, port, '127.0.0.2')
    local = localPorts()
  })
  after(async () => {
    for (const { agent, nginx } of machines) {
      await agent?.stop()
      await nginx.stop()
    }
    await gate?.close()
    await issuer?.close()
    await local?.transport.close()
    await rm(folder, { recursive: true })
  })

  const configOf = ({ disk }: Pick<Machine, 'disk'>): string => join(disk, 'agent.yaml')

  async function configure(disk: string, nginx?: Nginx): Promise<void> {
    const certificates = nginx && {
      web: {
        identity: 'web-1',
        reload: {
          preset: 'nginx',
          pidFile: nginx.pidFile,
          configuration: nginx.configuration,
          prefix: nginx.prefix,
        },
        probe: [{ connect: `127.0.0.1:${nginx.port}`, serverName: 'web-1.test.internal' }],
      },
    }
    const configuration = { state: join(disk, 'state'), live: join(disk, 'live'), certificates }
    await writeFile(join(disk, 'agent.yaml'), JSON.stringify(configuration))
  }

  /** Starts nginx and the agent on a disk that has a certificate. */
  async function boot(name: string, address: string): Promise<Machine> {
    const disk = join(folder, name)
    const nginx = await startNginx({
      folder: join(folder, `${name}-nginx`),
      liveFolder: join(disk, 'live', 'web'),
    })
    const machine: Machine = { disk, address, nginx, agent: undefined }
    machines.push(machine)
    await configure(disk, nginx)
    machine.agent = startAgentScript(agentScript, [configOf(machine), address])
    return machine
  }

  async function stateOf({ disk }: Machine): Promise<LineageState> {
    return lineageStateSchema.parse(JSON.parse(await readFile(join(disk, 'state/lineages/web.json'), 'utf8')))
  }

  /** The serial that a client gets, which trusts the bundle alone; rejects unless it is valid for the name now. */
  async function served({ disk, nginx }: Machine): Promise<string> {
    const ca = await readFile(join(disk, 'live/web/bundle.pem'))
    const socket = connect({ port: nginx.port, host: '127.0.0.1', servername: 'web-1.test.internal', ca })
    try {
      await once(socket, 'secureConnect')
      return socket.getPeerCertificate().serialNumber.toLowerCase()
    } finally {
      socket.destroy()
    }
  }

  const logOf = (machine: Machine) => (): string => machine.agent?.log().slice(-4_000) ?? ''

  /** Resolves with the certificate on the port once nothing is wrong and the next one is promised. */
  function well(machine: Machine, isNew: (serial: string) => boolean = () => true): Promise<string> {
    return eventually(
      `all is well at ${machine.address}`,
      async () => {
        const { level } = await statusOf(machine)
        const { head, live, staged } = await stateOf(machine)
        const isSettled = level === 'ok' && live?.served === true && staged?.promise !== undefined
        return isSettled && isNew(head.serial) && (await served(machine)) === head.serial
          ? head.serial
          : undefined
      },
      logOf(machine),
    )
  }

  const statusOf = (machine: Machine) =>
    agentStatus(configOf(machine), { fileSystem: nodeFileSystem, now: systemClock.now() })

  /** Resolves once the machine's own alarm says so, at the level that wakes somebody. */
  function told(machine: Machine, sentence: RegExp): Promise<true> {
    return eventually(
      `the alarm at ${machine.address} says ${sentence}`,
      async () => {
        const { alarms, status } = await statusOf(machine)
        const all = [...alarms, ...status.certificates.flatMap((certificate) => certificate.alarms)]
        const isTold = all.some(({ level, message }) => level === 'critical' && sentence.test(message))
        return isTold ? true : undefined
      },
      logOf(machine),
    )
  }

  /** In the place of half a life: what is due then is done now, as for `mayfly agent renew --now`. */
  const halfALifeLater = ({ disk }: Machine): Promise<void> =>
    openLineageStore(nodeFileSystem, join(disk, 'state'), 'web').wishRenewal(systemClock.now())

  /** Types a command at the issuer. */
  async function operator(...words: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await mayfly([...words, '--config', issuer.configPath])
    assert.equal(exitCode, 0, stderr)
    return stdout
  }

  test('suspended within one cycle, both addresses named; both serve on and say what to do; the commands of the runbook bring one back', async () => {
    // 1. One machine runs.
    const disk = join(folder, 'original')
    await mkdir(disk)
    await configure(disk)
    await issuer.admin.addIdentity({ name: 'web-1', profile: 'peer', names: ['dns:web-1.test.internal'] })
    const { token } = await issuer.admin.createToken({ identity: 'web-1' })
    await enroll({ token, name: 'web', configPath: join(disk, 'agent.yaml') }, local)
    const original = await boot('original', '127.0.0.1')
    const first = await well(original)

    // 2. Its disk is copied while it runs, and the copy starts elsewhere. Nobody can tell yet.
    await promisify(execFile)('cp', ['-a', disk, join(folder, 'copy')])
    const copy = await boot('copy', '127.0.0.2')
    assert.equal(await well(copy), first)

    // 3. Within one cycle both have asked.
    await halfALifeLater(original)
    const second = await well(original, (serial) => serial !== first)
    await halfALifeLater(copy)
    await eventually(
      'the identity is suspended',
      async () => ((await issuer.admin.showIdentity('web-1')).state === 'suspended' ? true : undefined),
      logOf(copy),
    )
    const conflict =
      /Two hosts hold the lineage of web-1: (127\.0\.0\.1 and 127\.0\.0\.2|127\.0\.0\.2 and 127\.0\.0\.1)\./
    // Its exit code is the one of a warning or worse.
    assert.match((await mayfly(['issuer', 'status', '--config', issuer.configPath])).stdout, conflict)

    // 4. Each is told when it asks, and serves on.
    await halfALifeLater(original)
    for (const machine of [original, copy]) await told(machine, /mayfly identity resume/)
    assert.equal(await served(original), second)
    const ofCopy = await served(copy)
    assert.ok([first, second].includes(ofCopy))

    // 5. The runbook: the original is the right one.
    await operator('identity', 'resume', 'web-1')
    const tokenPath = join(folder, 'token')
    await writeFile(tokenPath, await operator('token', 'create', 'web-1'), { mode: 0o600 })
    const given = ['--name', 'web', '--token-file', tokenPath, '--config', configOf(original)]
    const enrolled = await mayfly(['agent', 'enroll', ...given])
    assert.equal(enrolled.exitCode, 0, enrolled.stderr)
    const third = await well(original, (serial) => serial !== second)
    await halfALifeLater(original)
    await well(original, (serial) => serial !== third)

    // 6. The copy stays outside, with what it has.
    await halfALifeLater(copy)
    await told(copy, /enrol this host again/)
    assert.equal(await served(copy), ofCopy)
    assert.equal((await issuer.admin.showIdentity('web-1')).state, 'active')
  })
})
