import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parseCertificateChain, parsePrivateKey } from '@mayfly/ca-core'
import { systemClock, systemRandom } from '@mayfly/platform'
import { enroll } from '../../packages/agent/src/enrolment/enroll.ts'
import { type LocalPorts, localPorts } from '../../packages/agent/src/local-ports.ts'
import { type LineageState, lineageStateSchema } from '../../packages/agent/src/state/lineage-state.ts'
import {
  type AgentProcess,
  eventually,
  startAgentProcess,
  wishRenewal,
} from '../../packages/agent/test/support/agent-process.ts'
import { type IssuerServer, serveIssuer } from '../../packages/agent/test/support/issuer-server.ts'
import { VirtualIssuer } from '../../packages/agent/test/support/virtual-issuer.ts'
import { withoutPackages } from '../support/missing-programs.ts'
import { servedSerial } from '../support/served-serial.ts'
import { type Nginx, startNginx } from '../support/servers/nginx.ts'

/** Every named step of a rotation, as docs/rotation-cycle.md walks them. */
const steps = [
  'key.made',
  'request.sent',
  'request.answered',
  'fetched',
  'proved',
  'files.written',
  'switched',
  'checked',
  'reloaded',
  'probed',
  'reported',
] as const

const timeout = 120_000
const serverName = 'web-1.example'

/**
 * What a real agent on a real disk leaves when SIGKILL ends it right after each step, what the next one makes of it, and
 * what a real nginx serves all the while.
 */
describe('an agent that is killed', { skip: withoutPackages('nginx') }, () => {
  let folder: string
  let configPath: string
  let issuer: VirtualIssuer
  let server: IssuerServer
  let ports: LocalPorts
  let nginx: Nginx | undefined
  const started: AgentProcess[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mayfly-crash-'))
    configPath = join(folder, 'agent.yaml')
    issuer = await VirtualIssuer.create({ clock: systemClock, random: systemRandom })
    server = await serveIssuer(issuer)
    ports = localPorts()
    await writeFile(configPath, `state: ${folder}/state\nlive: ${folder}/live\n`)
    await enroll({ token: await issuer.token(), name: 'web', configPath }, ports)
    nginx = await startNginx({ folder: join(folder, 'nginx'), liveFolder: join(folder, 'live', 'web') })
    await writeFile(configPath, configurationWith(nginx))
  })
  after(async () => {
    for (const { child } of started) child.kill('SIGKILL')
    await nginx?.stop()
    await ports.transport.close()
    await server.close()
    await rm(folder, { recursive: true })
  })

  for (const step of steps) {
    test(`after ${step}: nothing is torn, no key is lost, and the next start goes on`, {
      timeout,
    }, async () => {
      await wishRenewal(folder, 'web')
      // A certificate that is asked for at once is not fetched: this step belongs to the one after it.
      issuer.mintAfterMs = step === 'fetched' ? 300 : undefined
      const doomed = start(step)
      assert.equal(await doomed.ended, 'SIGKILL', doomed.log())
      issuer.mintAfterMs = undefined
      await assertWhole()
      const left = await readState()
      const generation = await liveNumber()
      // nginx knows of new files by its reload alone, and takes a moment for that.
      const isReloaded = steps.indexOf(step) >= steps.indexOf('reloaded')
      const serial = (isReloaded ? left.candidate : undefined)?.serial ?? left.head.serial
      await eventually(
        'the certificate of then is served',
        async () => (await portSerial()) === serial || undefined,
      )

      await wishRenewal(folder, 'web')
      const agent = start()
      await eventually('a later generation is served', () => servedAfter(generation), agent.log)
      await assertWhole()
      assert.equal(await agent.stop(), 0)
      await assertUsed(left)
      assert.equal(await portSerial(), (await readState()).head.serial)
    })
  }

  test('after all of it: every generation has a key of its own, and nothing unfinished is left', async () => {
    const archive = join(folder, 'archive', 'web')
    const keys = new Set<string>()
    const numbers = await readdir(archive)
    for (const number of numbers) keys.add(await readFile(join(archive, number, 'key.pem'), 'utf8'))
    assert.equal(keys.size, numbers.length)
    assert.deepEqual(
      (await readdir(join(folder, 'state', 'lineages'))).filter((name) => name !== 'web.json'),
      [],
    )
  })

  function start(...fatal: string[]): AgentProcess {
    const agent = startAgentProcess(configPath, fatal)
    started.push(agent)
    return agent
  }

  function configurationWith({ port, pidFile, configuration, prefix }: Nginx): string {
    const reload = { preset: 'nginx', pidFile, configuration, prefix }
    const probe = [{ connect: `127.0.0.1:${port}`, serverName }]
    const certificates = { web: { reload, probe } }
    return JSON.stringify({ state: join(folder, 'state'), live: join(folder, 'live'), certificates })
  }

  /** What nginx shows to a new connection; rejects unless it is valid for the name and ends in the bundle. */
  const portSerial = (): Promise<string> =>
    servedSerial({ connect: { host: '127.0.0.1', port: nginx?.port ?? 0 }, serverName }, issuer.bundle)

  const liveNumber = async (): Promise<string> =>
    (await readlink(join(folder, 'live', 'web'))).split('/').at(-1) ?? ''

  async function readState(): Promise<LineageState> {
    const text = await readFile(join(folder, 'state', 'lineages', 'web.json'), 'utf8')
    return lineageStateSchema.parse(JSON.parse(text))
  }

  async function servedAfter(generation: string): Promise<true | undefined> {
    const { live, staged } = await readState()
    const isSettled = live?.served === true && staged?.promise !== undefined
    return isSettled && (await liveNumber()) > generation ? true : undefined
  }

  /** What was under way was gone on with, not thrown away: the key that was staged is certified, the candidate served. */
  async function assertUsed({ candidate, staged }: LineageState): Promise<void> {
    const { generations } = await readState()
    if (candidate !== undefined) assert.ok(generations.some(({ serial }) => serial === candidate.serial))
    if (staged === undefined) return
    const archive = join(folder, 'archive', 'web')
    const keys = (await readdir(archive)).map((number) => readFile(join(archive, number, 'key.pem'), 'utf8'))
    const hashes = (await Promise.all(keys)).map((pem) => parsePrivateKey(pem).publicKey.hash)
    assert.ok(hashes.includes(staged.keyHash), 'the staged key was thrown away')
  }

  async function assertWhole(): Promise<void> {
    const live = join(folder, 'live', 'web')
    const [leaf] = parseCertificateChain(await readFile(join(live, 'fullchain.pem'), 'utf8'))
    assert.equal(
      leaf?.publicKey.hash,
      parsePrivateKey(await readFile(join(live, 'key.pem'), 'utf8')).publicKey.hash,
    )
    assert.ok((await readFile(join(live, 'bundle.pem'), 'utf8')).length > 0)
  }
})
