import assert from 'node:assert/strict'
import { once } from 'node:events'
import { lstat, mkdtemp, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { formatName, MayflyError, parseCertificateChain, parseName } from '@mayfly/ca-core'
import { systemClock, systemRandom } from '@mayfly/platform'
import { parseDocument } from 'yaml'
import { freePort } from '../../../../test/support/servers/free-port.ts'
import { enroll } from '../../src/enrolment/enroll.ts'
import { type LocalPorts, localPorts } from '../../src/local-ports.ts'
import { renewNow } from '../../src/running/renew-now.ts'
import { readHistory } from '../../src/status/history.ts'
import { agentStatus } from '../../src/status/read-status.ts'
import { type AgentProcess, eventually, readStatusFile, startAgentProcess } from '../support/agent-process.ts'
import { type IssuerServer, serveIssuer } from '../support/issuer-server.ts'
import { VirtualIssuer } from '../support/virtual-issuer.ts'

interface StepLine {
  readonly step?: string
  readonly event?: string
  readonly level: string
  readonly certificate?: string
  readonly generation?: number
}

function stepLines(log: string): StepLine[] {
  return linesOf(log).filter(({ step }) => step !== undefined)
}

function linesOf(log: string): StepLine[] {
  const lines = log.split('\n').filter((line) => line.startsWith('{'))
  return lines.map((line) => JSON.parse(line) as StepLine)
}

describe('a running agent', () => {
  let folder: string
  let issuer: VirtualIssuer
  let server: IssuerServer
  let ports: LocalPorts
  let configPath: string
  let leftovers: [string, string]
  let agent: AgentProcess

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mayfly-run-'))
    configPath = join(folder, 'agent.yaml')
    leftovers = [
      join(folder, 'live', '.web.0123456789abcdef.mayfly-tmp'),
      join(folder, 'archive', 'web', '0001', '.key.pem.0123456789abcdef.mayfly-tmp'),
    ]
    issuer = await VirtualIssuer.create({ clock: systemClock, random: systemRandom })
    server = await serveIssuer(issuer)
    ports = localPorts()
    await writeFile(configPath, `state: ${folder}/state\nlive: ${folder}/live\nlog: { level: debug }\n`)
    await enroll({ token: await issuer.token(), name: 'web', configPath }, ports)
    // As an agent leaves them that is killed as it swaps the link, or puts a file back.
    await symlink('../archive/web/0002', leftovers[0])
    await writeFile(leftovers[1], 'half a key')
    agent = startAgentProcess(configPath)
    await running()
  })
  after(async () => {
    await agent.stop()
    await ports.transport.close()
    await server.close()
    await rm(folder, { recursive: true })
  })

  const running = () =>
    eventually(
      'the agent runs',
      async () => {
        const status = await readStatusFile(folder)
        const isServed = status.certificates[0]?.installed?.served === true
        return isServed && status.pid === agent.child.pid ? status : undefined
      },
      agent.log,
    )
  const levelOf = async () =>
    (await agentStatus(configPath, { fileSystem: ports.fileSystem, now: systemClock.now() })).level
  const liveLink = () => readlink(join(folder, 'live', 'web'))

  test('the status: all is well, exit code 0, readable for all and without secrets', async () => {
    const reading = await agentStatus(configPath, { fileSystem: ports.fileSystem, now: systemClock.now() })
    assert.equal(reading.exitCode, 0, JSON.stringify(reading.alarms))
    assert.equal(reading.status.certificates[0]?.installed?.served, true)
    assert.equal((await stat(join(folder, 'state', 'status.json'))).mode & 0o777, 0o644)
    assert.doesNotMatch(await readFile(join(folder, 'state', 'status.json'), 'utf8'), /PRIVATE KEY/)
  })

  test('what a killed agent left in the live folder and among the files: gone', async () => {
    for (const path of leftovers) await assert.rejects(lstat(path), { code: 'ENOENT' })
  })

  test('the log: a line for each step, with its certificate and generation', async () => {
    const path = ['key.made', 'request.sent', 'request.answered', 'proved', 'files.written', 'switched']
    await renewNow({ configPath }, ports)
    const lines = await eventually('every step is logged', async () => {
      const found = stepLines(agent.log()).filter(({ certificate }) => certificate === 'web')
      return found.some(({ step }) => step === 'reported') ? found : undefined
    })
    for (const step of [...path, 'checked', 'reloaded', 'probed']) {
      const line = lines.find((found) => found.step === step)
      assert.equal(line?.level, 'info', step)
      assert.equal(typeof line?.generation, 'number', step)
    }
    const log = agent.log()
    const told = linesOf(log).filter(({ step, event }) => step !== undefined || event !== undefined)
    for (const event of ['scheduled', 'received', 'installed', 'served'])
      assert.ok(
        told.some((line) => line.event === event),
        event,
      )
    for (const line of told) assert.ok(Number.isSafeInteger(line.generation), JSON.stringify(line))
    // One rotation has one number, from its key to the port; with its request the one before is reported.
    const served = told.findLastIndex(({ event }) => event === 'served')
    const begun = told.slice(0, served).findLastIndex(({ step }) => step === 'key.made')
    const ofIt = told.slice(begun, served + 1).filter(({ step }) => step !== 'reported')
    const numbers = new Set(ofIt.map(({ generation }) => generation))
    assert.deepEqual([...numbers], [told[served]?.generation])
    assert.doesNotMatch(log, /":1\d{12}[,}]/, 'a time in milliseconds')
  })

  test('a second writer on one store: another agent on the same state → refused', async () => {
    const second = startAgentProcess(configPath)
    assert.notEqual(await second.ended, 0)
    assert.match(second.log(), /already-running|is using this state/)
  })

  test('renew --now: the running agent does it', async () => {
    const before = await liveLink()
    const [renewal] = await renewNow({ configPath }, ports)
    assert.equal(renewal?.outcome.is, 'renewed', agent.log())
    assert.notEqual(await liveLink(), before)
  })

  test('renew --now, which only a person can help: told at once, and not waited for', async () => {
    const ended = new MayflyError('lineage-ended', 'It has ended.')
    issuer.fault = async (request, real) =>
      request.url.endsWith('/requests') ? issuer.problem(ended) : real()
    const [renewal] = await renewNow({ configPath, waitSeconds: 120 }, ports)
    issuer.fault = undefined
    assert.ok(renewal?.outcome.is === 'refused', JSON.stringify(renewal))
    assert.equal(renewal.outcome.setback.code, 'lineage-ended')
    const [again] = await renewNow({ configPath }, ports)
    assert.equal(again?.outcome.is, 'renewed', agent.log())
  })

  test('SIGUSR1: opens no inspector, and changes nothing', async () => {
    const before = await liveLink()
    agent.child.kill('SIGUSR1')
    await eventually(
      'its word',
      async () => (/SIGUSR2 renews/.test(agent.log()) ? true : undefined),
      agent.log,
    )
    assert.doesNotMatch(agent.log(), /Debugger listening/)
    assert.equal(await liveLink(), before)
  })

  test('SIGUSR2: renews every certificate', async () => {
    const before = await liveLink()
    agent.child.kill('SIGUSR2')
    await eventually(
      'another generation',
      async () => ((await liveLink()) === before ? undefined : true),
      agent.log,
    )
  })

  test('a file is altered: put back within moments', async () => {
    const path = join(folder, 'live', 'web', 'fullchain.pem')
    const content = await readFile(path, 'utf8')
    await writeFile(path, 'nonsense')
    await eventually(
      'the file is back',
      async () => ((await readFile(path, 'utf8')) === content ? true : undefined),
      agent.log,
    )
  })

  test('a name more in the configuration: the certificate that carries it is served at once', async () => {
    const before = await liveLink()
    const document = parseDocument(await readFile(configPath, 'utf8'))
    const names = ['dns:web-1.example', 'dns:shop.example']
    issuer.names = names.map(parseName)
    document.setIn(['certificates', 'web', 'names'], names)
    await writeFile(configPath, document.toString())
    await eventually(
      'another generation',
      async () => ((await liveLink()) === before ? undefined : true),
      agent.log,
    )
    const [leaf] = parseCertificateChain(await readFile(join(folder, 'live', 'web', 'fullchain.pem'), 'utf8'))
    assert.deepEqual(leaf?.names.map(formatName), names)
  })

  test('a mistake in the configuration: told with its line, and the one before stays in use', async () => {
    const text = await readFile(configPath, 'utf8')
    await writeFile(configPath, `${text}oops: 1\n`)
    const status = await eventually('the mistake is told', async () => {
      const found = await readStatusFile(folder)
      return found.configuration.problem === undefined ? undefined : found
    })
    assert.match(status.configuration.problem ?? '', /agent\.yaml:\d+:1: oops: is not a known key/)
    assert.equal(await levelOf(), 'warning')
    await writeFile(configPath, text)
    await eventually(
      'the mistake is gone',
      async () => ((await levelOf()) === 'ok' ? true : undefined),
      agent.log,
    )
  })

  test('a second certificate: enrolled beside the running agent, which takes it up', async () => {
    const token = await issuer.token({ identity: 'mail-1', jti: 'BBBBBBBBBBBBBBBBBBBBBB' })
    const done = await enroll({ token, name: 'mail', configPath }, ports)
    assert.equal(done.installation.is, 'left-to-agent')
    await eventually('the certificate is live', () => readlink(join(folder, 'live', 'mail')), agent.log)
  })

  test('a certificate is taken out of the configuration: no longer in the status, its files stay', async () => {
    const text = await readFile(configPath, 'utf8')
    await writeFile(configPath, text.replace(/ {2}mail:\n( {4}.*\n)+/, ''))
    await eventually(
      'one certificate',
      async () => ((await readStatusFile(folder)).certificates.length === 1 ? true : undefined),
      agent.log,
    )
    await stat(join(folder, 'live', 'mail', 'key.pem'))
  })

  async function configure(changes: readonly (readonly [path: readonly string[], value: unknown])[]) {
    const document = parseDocument(await readFile(configPath, 'utf8'))
    for (const [path, value] of changes) {
      if (value === undefined) document.deleteIn(path)
      else document.setIn(path, value)
    }
    await writeFile(configPath, document.toString())
  }
  const scrape = async (port: number, host = '127.0.0.1') =>
    (await fetch(`http://${host}:${port}/metrics`)).text()

  test('the log level is changed: no line below it any more, of no certificate', async () => {
    await configure([[['log', 'level'], 'warn']])
    await eventually('only warnings are logged', async () => {
      const before = agent.log().length
      await renewNow({ configPath }, ports)
      // What the agent wrote before it told of the renewal lies in the pipe by now, and is read in the next turn.
      await nextTurn()
      return agent.log().length === before ? true : undefined
    })
    await configure([[['log', 'level'], 'debug']])
    await eventually('it is told again', async () =>
      agent.log().endsWith('"the configuration is in use"}\n') ? true : undefined,
    )
    const before = agent.log().length
    await renewNow({ configPath }, ports)
    await eventually('each step is told', async () =>
      stepLines(agent.log().slice(before)).some(({ step }) => step === 'switched') ? true : undefined,
    )
  })

  test('metrics are wanted: served and written at once; on another address, then nowhere: as the file says', async () => {
    const port = await freePort()
    const file = join(folder, 'agent.prom')
    const about = /^mayfly_agent_served\{certificate="web"\} 1$/m
    await configure([
      [['metrics', 'listen'], `127.0.0.1:${port}`],
      [['metrics', 'textfile'], file],
    ])
    await eventually(
      'both tell of the certificate',
      async () =>
        about.test(await scrape(port)) && about.test(await readFile(file, 'utf8')) ? true : undefined,
      agent.log,
    )
    // All addresses, of which the old one is one: both cannot be listened on together.
    await configure([
      [['metrics', 'listen'], `0.0.0.0:${port}`],
      [['metrics', 'textfile'], undefined],
    ])
    await eventually(
      'another address of this machine answers',
      async () => about.test(await scrape(port, '127.0.0.2')) || undefined,
      agent.log,
    )
    await eventually('the old file is gone', async () => {
      await assert.rejects(stat(file), { code: 'ENOENT' })
      return true
    })
    await configure([[['metrics'], undefined]])
    await eventually('nothing listens', async () => {
      await assert.rejects(scrape(port))
      return true
    })
  })

  test('an address that is taken: the old one goes on, it is told, and the new one is used once it is free', async () => {
    const port = await freePort()
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port: takenPort } = taken.address() as AddressInfo
    await configure([[['metrics', 'listen'], `127.0.0.1:${port}`]])
    await eventually('it is served', () => scrape(port), agent.log)
    for (const address of [`127.0.0.1:${takenPort}`, `192.0.2.1:${port}`]) {
      await configure([[['metrics', 'listen'], address]])
      const { configuration } = await eventually(
        'it is told',
        async () => {
          const status = await readStatusFile(folder)
          return status.configuration.problem?.includes(address) ? status : undefined
        },
        agent.log,
      )
      assert.match(configuration.problem ?? '', /metrics cannot be served on/)
      assert.equal(await levelOf(), 'warning')
      assert.match(await scrape(port), /^mayfly_agent_info/m)
    }
    await configure([[['metrics', 'listen'], `127.0.0.1:${takenPort}`]])
    taken.close()
    await eventually('it is served there', () => scrape(takenPort), agent.log)
    await eventually('all is well', async () => (await levelOf()) === 'ok' || undefined, agent.log)
    await configure([[['metrics'], undefined]])
  })

  test('the history: tells of every generation, without keys', async () => {
    const lines = await readHistory(ports.fileSystem, join(folder, 'state', 'history.jsonl'), {
      count: 100,
      certificate: 'web',
    })
    assert.ok(lines.filter(({ event }) => event === 'served').length >= 2)
    assert.ok(lines.some((line) => line.event === 'installed' && line.generation === 1))
    assert.ok(lines.some(({ event }) => event === 'put-back'))
  })

  test('SIGTERM: stops cleanly; the status says so, and it and the metrics still say until when the certificate is good', async () => {
    const file = join(folder, 'last.prom')
    await configure([[['metrics', 'textfile'], file]])
    await eventually('the metrics are written', () => stat(file), agent.log)
    assert.equal(await agent.stop(), 0, agent.log())
    assert.equal(await levelOf(), 'critical')
    const { state, certificates } = await readStatusFile(folder)
    assert.equal(state, 'stopped')
    assert.deepEqual(
      certificates.map(({ name, installed }) => [name, installed?.served]),
      [['web', true]],
    )
    assert.match(await readFile(file, 'utf8'), /^mayfly_agent_certificate_not_after_timestamp_seconds\{/m)
  })

  test('logs, status and history: hold no part of a private key', async () => {
    const pem = await readFile(join(folder, 'live', 'web', 'key.pem'), 'utf8')
    const body = pem.split('\n').slice(1, -2).join('')
    const told = agent.log() + (await readFile(join(folder, 'state', 'history.jsonl'), 'utf8'))
    assert.ok(told.length > 1_000)
    assert.equal(told.includes(body.slice(0, 48)) || told.includes(body.slice(-48)), false)
    assert.doesNotMatch(told, /PRIVATE KEY/)
  })
})
