import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { TrustBundle } from '@mayfly/ca-core'
import { freeBytes } from '@mayfly/platform'
import { type CheckReport, checkAgent } from '../../packages/agent/src/checking/check-agent.ts'
import type { CheckName } from '../../packages/agent/src/checking/finding.ts'
import { type LocalPorts, localPorts } from '../../packages/agent/src/local-ports.ts'
import type { ProbeEndpoint } from '../../packages/agent/src/probing/endpoint.ts'
import { renewNow } from '../../packages/agent/src/running/renew-now.ts'
import { mayfly } from '../../packages/cli/test/support/run-mayfly.ts'
import { type LiveIssuer, startLiveIssuer } from '../../packages/issuer-daemon/test/support/live-issuer.ts'
import { faultyFileSystem } from '../support/faults/faulty-file-system.ts'
import { openPortGate } from '../support/faults/port-gate.ts'
import { withoutPackages } from '../support/missing-programs.ts'
import { servedSerial } from '../support/served-serial.ts'
import { type EnrolledServer, enrolledServers } from '../support/servers/enrolled-servers.ts'
import { freePort } from '../support/servers/free-port.ts'
import { withoutSystemd } from '../support/servers/systemd.ts'
import { systemdServer } from '../support/servers/systemd-server.ts'

/** What is to be undone at the end of a test. */
type Cleanup = (() => Promise<unknown>)[]

const serverName = 'web-1.example'
const page = join(import.meta.dirname, '../../docs/servers.md')
/** Groups of Debian's servers can be given to files by root alone. */
const isRoot = process.getuid?.() === 0

describe('mayfly agent enroll --preset, with the real servers', {
  skip: !isRoot && 'needs root',
  // Each waits for its server most of the time.
  concurrency: 3,
}, () => {
  let issuer: LiveIssuer
  let ports: LocalPorts
  before(async () => {
    issuer = await startLiveIssuer({ url: `https://localhost:${await freePort()}` })
    ports = localPorts()
  })
  after(async () => {
    await ports?.transport.close()
    await issuer?.close()
  })

  for (const server of [...enrolledServers, systemdServer]) {
    const { preset, packages } = server
    const skip = withoutPackages(...packages) || (preset === 'unit' && withoutSystemd())
    const name = `${preset}: enrolled as documented → checked, each fault told, rotated by what was written`
    test(name, { skip }, async () => {
      const cleanup: Cleanup = []
      try {
        await fromEnrolmentToRotation(server, cleanup)
      } finally {
        // What came last goes first: a server before its files.
        for (const end of cleanup.reverse()) await end()
      }
    })
  }

  async function fromEnrolmentToRotation(server: EnrolledServer, cleanup: Cleanup): Promise<void> {
    const host = await enrolledHost(server, cleanup)
    const { preset, port, root, configPath, probed } = host
    const written = await readFile(configPath, 'utf8')
    const running = await host.start()
    cleanup.push(running.stop)
    if (running.configuration !== undefined)
      await assertDocumented(host, await readFile(running.configuration, 'utf8'))

    await assertReady(configPath)
    for (const { what, check, says, begin, end } of running.faults) {
      await begin()
      await assertTold(await checked(configPath), check, says, what)
      await end()
    }
    const disk = faultyFileSystem()
    disk.fault = { errno: 'EACCES', path: /\/archive\// }
    const refused = await checkAgent({ configPath }, { ...ports, freeBytes, fileSystem: disk.fileSystem })
    assertTold(
      refused,
      'folders',
      /archive\/web.*: permission denied\. Give the agent that right/,
      'no permission',
    )
    if (/^ {4}group:/m.test(written)) {
      await chmod(root, 0o700)
      const report = await checked(configPath)
      assertTold(report, 'folders', new RegExp(`Run: chmod o\\+x ${root}`), 'a folder that it cannot enter')
      await chmod(root, 0o755)
    }
    await probed.close()
    assertTold(await checked(configPath), 'probe', /nothing listens there; start the server/, 'no port')
    const reopened = await openPortGate(port, probed.port)
    cleanup.push(reopened.close)
    await assertReady(configPath)

    const before = await served(port, preset)
    const [renewal] = await renewNow({ configPath }, ports)
    assert.equal(renewal?.outcome.is, 'renewed', JSON.stringify(renewal))
    const now = await served(port, preset)
    assert.notEqual(now, before)
    assert.equal(renewal.outcome.is === 'renewed' && renewal.outcome.serial, now)
    assert.equal(await readFile(configPath, 'utf8'), written)
  }

  /** Joined by the real command. The server is not there yet, as on a new host. */
  async function enrolledHost({ preset, plan }: EnrolledServer, cleanup: Cleanup) {
    const root = await mkdtemp(join(tmpdir(), 'enrolled-'))
    cleanup.push(() => rm(root, { recursive: true, force: true }))
    await chmod(root, 0o755)
    const folder = join(root, 'server')
    await mkdir(folder)
    const [live, configPath] = [join(root, 'live'), join(root, 'agent.yaml')]
    const liveFolder = join(live, 'web')
    const { port, flags, start } = await plan({ folder, liveFolder })
    const probed = await openPortGate(port)
    cleanup.push(probed.close)
    const { token } = await issuer.admin.createToken({
      identity: `web-${preset}`,
      profile: 'peer',
      names: [`dns:${serverName}`],
    })
    const { exitCode, stderr } = await mayfly([
      ...['agent', 'enroll', token, '--name', 'web', '--config', configPath],
      ...['--state', join(root, 'state'), '--live', live],
      ...['--preset', preset, '--probe', `127.0.0.1:${probed.port}`, ...flags],
    ])
    assert.equal(exitCode, 0, stderr)
    return { preset, root, liveFolder, configPath, port, probed, start }
  }

  function checked(configPath: string): Promise<CheckReport> {
    return checkAgent({ configPath }, { ...ports, freeBytes })
  }

  async function assertReady(configPath: string): Promise<void> {
    const { findings, failure } = await checked(configPath)
    assert.deepEqual(
      findings.filter(({ result, check }) => result !== 'good' && check !== 'running'),
      [],
    )
    assert.equal(failure, undefined)
  }

  function served(port: number, preset: string): Promise<string> {
    const protocols: Record<string, ProbeEndpoint['protocol']> = {
      postgresql: 'postgresql',
      mariadb: 'mysql',
    }
    const protocol = protocols[preset]
    const endpoint = { connect: { host: '127.0.0.1', port }, serverName, ...(protocol && { protocol }) }
    const roots = [issuer.root.certificate]
    const bundle: TrustBundle = { sequence: 1, trustDomain: 'test.internal', roots, distrusted: [] }
    return servedSerial(endpoint, bundle)
  }
})

function assertTold({ findings, failure }: CheckReport, check: CheckName, says: RegExp, what: string): void {
  const found = findings.filter((finding) => finding.check === check && finding.result === 'failed')
  assert.ok(
    found.some(({ message }) => says.test(message)),
    `${what}: ${JSON.stringify(findings, undefined, 2)}`,
  )
  assert.notEqual(failure, undefined)
}

/** Every line of the preset's section that names the live folder stands in what the server was started with. */
async function assertDocumented(
  { preset, liveFolder, port }: { preset: string; liveFolder: string; port: number },
  configuration: string,
): Promise<void> {
  const text = await readFile(page, 'utf8')
  const section = text.split(/^## /m).find((part) => part.startsWith(`\`${preset}\``)) ?? ''
  assert.notEqual(section, '', `${page} says nothing of ${preset}`)
  const plain = (line: string): string =>
    line.replaceAll('"', '').replaceAll("'", '').replace(/\s+/g, ' ').trim()
  const lines = new Set(
    configuration
      .replaceAll(/\$\{LIVE\}/g, liveFolder)
      .split('\n')
      .map(plain),
  )
  const documented = section.split('\n').filter((line) => /^(?: {4,}).*\/etc\/mayfly\/live\/web\//.test(line))
  for (const line of documented) {
    const expected = plain(line.replaceAll('/etc/mayfly/live/web', liveFolder).replace(':8443', `:${port}`))
    assert.ok(lines.has(expected), `${preset}: ${expected} is not in ${configuration}`)
  }
}
