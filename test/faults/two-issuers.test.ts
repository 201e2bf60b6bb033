import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connect } from 'node:tls'
import { createLogger, systemClock } from '@mayfly/platform'
import { enroll } from '../../packages/agent/src/enrolment/enroll.ts'
import { type LocalPorts, localPorts } from '../../packages/agent/src/local-ports.ts'
import { runAgent } from '../../packages/agent/src/main.ts'
import { eventually, readStatusFile } from '../../packages/agent/test/support/agent-process.ts'
import { freePorts } from '../../packages/cli/src/demo/setting/free-ports.ts'
import {
  type DatabaseServer,
  startDatabaseServer,
} from '../../packages/issuer-daemon/test/support/database-server.ts'
import { type LiveIssuer, startLiveIssuer } from '../../packages/issuer-daemon/test/support/live-issuer.ts'
import { withoutPackages } from '../support/missing-programs.ts'
import { type Nginx, startNginx } from '../support/servers/nginx.ts'

describe('two issuers on one PostgreSQL, of which one is dead, with nginx as the server', {
  timeout: 240_000,
  skip: withoutPackages('postgresql', 'nginx'),
}, () => {
  let folder: string
  let configPath: string
  let database: DatabaseServer
  let yaml: string
  let nginx: Nginx | undefined
  let urls: readonly [string, string]
  let local: LocalPorts
  const living = new Map<string, LiveIssuer>()
  const logged: string[] = []
  /** Of connections to the port. */
  const failures: string[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mayfly-pair-'))
    configPath = join(folder, 'agent.yaml')
    database = await startDatabaseServer()
    const [one = 0, other = 0] = await freePorts(2)
    urls = [`https://localhost:${one}`, `https://localhost:${other}`]
    yaml = [
      `store: ${await database.createDatabase()}`,
      "issuing: { lifetime: 60s, cycle: 4s, dailyQuota: 100000 }\nsweep: { cron: '* * * * * *' }\n",
    ].join('\n')
    local = localPorts()
    await configure()
  })
  after(async () => {
    await nginx?.stop()
    for (const issuer of living.values()) await issuer.close()
    await local?.transport.close()
    await database?.remove()
    await rm(folder, { recursive: true })
  })

  async function configure(...ofServer: string[]): Promise<void> {
    const lines = [
      `state: ${folder}/state`,
      `live: ${folder}/live`,
      'certificates:',
      '  web:',
      '    identity: web-1',
      `    issuers: ['${urls[0]}', '${urls[1]}']`,
      ...ofServer,
    ]
    await writeFile(configPath, `${lines.join('\n')}\n`)
  }

  /** On the files that the enrolment has installed. */
  async function serve(): Promise<void> {
    await chmod(folder, 0o755)
    nginx = await startNginx({ folder: join(folder, 'nginx'), liveFolder: join(folder, 'live', 'web') })
    const { port, pidFile, configuration, prefix } = nginx
    await configure(
      `    reload: { preset: nginx, pidFile: ${pidFile}, configuration: ${configuration}, prefix: ${prefix} }`,
      `    probe: [{ connect: '127.0.0.1:${port}', serverName: web-1.test.internal }]`,
    )
  }

  /** A client that trusts the bundle gets a certificate that is valid now. */
  async function connectOnce(): Promise<void> {
    const ca = await readFile(join(folder, 'live', 'web', 'bundle.pem'))
    const socket = connect({
      host: '127.0.0.1',
      port: nginx?.port ?? 0,
      servername: 'web-1.test.internal',
      ca,
    })
    try {
      await once(socket, 'secureConnect')
    } finally {
      socket.destroy()
    }
  }

  async function live(url: string): Promise<LiveIssuer> {
    const [besides] = living.values()
    const issuer = await startLiveIssuer({ yaml, url, ...(besides && { besides }) })
    living.set(url, issuer)
    return issuer
  }

  async function die(url: string): Promise<void> {
    const issuer = living.get(url)
    living.delete(url)
    await issuer?.close()
  }

  async function rotations(count: number): Promise<void> {
    const generation = async (): Promise<number> =>
      (await readStatusFile(folder)).certificates[0]?.installed?.generation ?? 0
    const start = await generation().catch(() => 0)
    await eventually(
      `${count} rotations`,
      async () => {
        await connectOnce().catch((error: unknown) => failures.push(String(error)))
        return (await generation()) >= start + count ? true : undefined
      },
      () => logged.slice(-12).join(''),
    )
  }

  /** Resolves once the status tells of the issuer `away`, or of nothing at all. */
  async function told(away: string | undefined): Promise<string> {
    return eventually(
      away === undefined ? 'a status without alarms' : `an alarm about ${away}`,
      async () => {
        const { level, alarms } = await readStatusFile(folder)
        const message = alarms.find(({ code }) => code === 'transport-failed')?.message ?? ''
        if (away === undefined) return level === 'ok' ? 'ok' : undefined
        return level === 'warning' && message.startsWith(`the issuer ${away} is away`) ? message : undefined
      },
      () => logged.slice(-12).join(''),
    )
  }

  test('enrolled at the one that lives; it rotates through whichever lives, and the status names the other', async () => {
    const [first, second] = urls
    // 1. Only the second one lives: the first is a dead port.
    const issuer = await live(second)
    await issuer.admin.addIdentity({ name: 'web-1', profile: 'peer', names: ['dns:web-1.test.internal'] })
    const { token } = await issuer.admin.createToken({ identity: 'web-1' })
    const done = await enroll({ token, name: 'web', configPath }, local)
    assert.equal(done.installation.is, 'installed')
    await serve()

    const stop = new AbortController()
    const logger = createLogger({
      level: 'info',
      name: 'agent',
      clock: systemClock,
      destination: { write: (line: string) => void logged.push(line) },
    })
    const running = runAgent(configPath, { signal: stop.signal, ports: local, logger })
    try {
      await rotations(2)
      assert.match(
        await told(first),
        new RegExp(`${second} answers in its place: .*ECONNREFUSED.* See whether the issuer runs`),
      )
      // 2. The first comes: nothing is left of the alarm.
      await live(first)
      await told(undefined)
      await rotations(1)
      // 3. The second dies, which is known before it is needed.
      await die(second)
      assert.match(await told(second), new RegExp(`${first} answers in its place`))
      await rotations(2)
      // 4. It comes back, and the other dies in its turn.
      await live(second)
      await told(undefined)
      await die(first)
      await rotations(2)
      assert.match(await told(first), new RegExp(`${second} answers in its place`))
      await live(first)
      await told(undefined)
      const { state } = await (living.get(first) as LiveIssuer).admin.showIdentity('web-1')
      assert.equal(state, 'active')
      assert.deepEqual(failures, [])
    } finally {
      stop.abort()
      await running
    }
  })
})
