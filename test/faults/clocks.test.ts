import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, before, beforeEach, describe, test } from 'node:test'
import { type Clock, hourMs, isMayflyError, minuteMs, parseCertificateChain } from '@mayfly/ca-core'
import { systemClock } from '@mayfly/platform'
import { enroll } from '../../packages/agent/src/enrolment/enroll.ts'
import { localPorts } from '../../packages/agent/src/local-ports.ts'
import { runAgent } from '../../packages/agent/src/main.ts'
import { type ClosableTransport, openTransport } from '../../packages/agent/src/transport/https-transport.ts'
import { eventually, readStatusFile } from '../../packages/agent/test/support/agent-process.ts'
import { freePorts } from '../../packages/cli/src/demo/setting/free-ports.ts'
import { type LiveIssuer, startLiveIssuer } from '../../packages/issuer-daemon/test/support/live-issuer.ts'

const offMs = 30 * hourMs + 20 * minuteMs
const yamlOf = (lifetime: string): string =>
  `issuing: { lifetime: ${lifetime}, cycle: 4s, dailyQuota: 100000 }\nsweep: { cron: '* * * * * *' }\n`

/** The real time of day, moved by what a test says. */
function movableClock(): Clock & { offMs: number } {
  return { ...systemClock, offMs: 0, now: () => 0 }
}

/** Two cases: how far the host is off, and what it is told of itself. */
const ways = [
  {
    way: 'ahead',
    hostOffMs: offMs,
    // Attempts are soon further apart than a connection is kept: only a new handshake shows the issuer's certificate.
    yaml: yamlOf('30m'),
    sentence:
      /is 1 d 6 h ahead of the clock of https:\/\/localhost:\d+, so that the issuer's certificate seems to have expired\./,
  },
  {
    way: 'behind',
    hostOffMs: -offMs,
    yaml: yamlOf('10m'),
    sentence:
      /is 1 d 6 h behind the clock of https:\/\/localhost:\d+, so that the issuer's certificate seems to be not valid yet\./,
  },
] as const
const whatToDo =
  /Set the clock of the one that is wrong \(`timedatectl` shows whether this one is synchronised\); the agent then goes on by itself\.$/

describe('clocks that differ by more than a certificate lives, with the real issuer', {
  timeout: 240_000,
}, () => {
  let folder: string
  let configPath: string
  let clock: Clock & { offMs: number }
  let issuer: LiveIssuer
  let transport: ClosableTransport
  let url: string

  before(async () => {
    url = `https://localhost:${(await freePorts(1))[0]}`
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mayfly-clocks-'))
    configPath = join(folder, 'agent.yaml')
    await writeFile(configPath, `state: ${folder}/state\nlive: ${folder}/live\nlog: { level: silent }\n`)
    const moved = movableClock()
    clock = Object.assign(moved, { now: () => systemClock.now() + moved.offMs })
    transport = openTransport(() => clock.now())
  })
  afterEach(async () => {
    await transport.close()
    await issuer?.close()
    await rm(folder, { recursive: true })
  })

  const ports = () => ({ ...localPorts(), clock, transport })
  async function token(): Promise<string> {
    await issuer.admin.addIdentity({ name: 'web-1', profile: 'peer', names: ['dns:web-1.test.internal'] })
    return (await issuer.admin.createToken({ identity: 'web-1' })).token
  }

  for (const { way, hostOffMs, yaml, sentence } of ways) {
    test(`enrolling, the clock of this host ${way} → clock-wrong, with the size and what to do; and enrolled once it is set`, async () => {
      issuer = await startLiveIssuer({ yaml, url })
      const text = await token()
      clock.offMs = hostOffMs
      const expired = await enroll({ token: text, name: 'web', configPath }, ports()).then(
        () => undefined,
        (error: unknown) => error,
      )
      assert.ok(isMayflyError(expired, 'clock-wrong'), String(expired))
      assert.match(expired.message, sentence)
      assert.match(expired.message, whatToDo)
      clock.offMs = 0
      const done = await enroll({ token: text, name: 'web', configPath }, ports())
      assert.equal(done.installation.is, 'installed')
    })

    test(`running, the clock of this host ${way} → the old certificate stays, the alarm says so, and it rotates once the clock is set`, async () => {
      issuer = await startLiveIssuer({ yaml, url })
      await enroll({ token: await token(), name: 'web', configPath }, ports())
      const stop = new AbortController()
      const running = runAgent(configPath, { signal: stop.signal, ports: ports() })
      const serial = async (): Promise<string> =>
        parseCertificateChain(await readFile(join(folder, 'live', 'web', 'cert.pem'), 'utf8'))[0]?.serial ??
        ''
      const rotated = async (from: string): Promise<string> =>
        eventually('a rotation', async () => ((await serial()) === from ? undefined : serial()))
      try {
        await rotated(await serial())
        clock.offMs = hostOffMs
        const alarm = await eventually('an alarm about the clock', async () => {
          const { alarms, certificates } = await readStatusFile(folder)
          const all = [...alarms, ...certificates.flatMap((certificate) => certificate.alarms)]
          return all.find(({ message }) => sentence.test(message))
        })
        assert.equal(alarm.code, 'clock-wrong')
        assert.match(alarm.message, whatToDo)
        const kept = await serial()
        const [leaf] = parseCertificateChain(await readFile(join(folder, 'live', 'web', 'cert.pem'), 'utf8'))
        assert.ok(leaf !== undefined && leaf.notAfter > systemClock.now(), 'the old one is valid')
        clock.offMs = 0
        await rotated(kept)
        await eventually('a status that is well', async () =>
          (await readStatusFile(folder)).level === 'ok' ? true : undefined,
        )
      } finally {
        stop.abort()
        await running
      }
    })
  }

  test("the issuer's own certificate has expired, and the clocks agree → not the clock is blamed", async () => {
    // Made in the past, and now its clock is right again: nothing renewed what it shows.
    let behindMs = offMs
    const late = { ...systemClock, now: () => systemClock.now() - behindMs }
    issuer = await startLiveIssuer({ yaml: yamlOf('10m'), url, clock: late })
    const text = await token()
    behindMs = 0
    await assert.rejects(enroll({ token: text, name: 'web', configPath }, ports()), (error) => {
      assert.ok(isMayflyError(error), String(error))
      assert.doesNotMatch(error.message, /Set the clock/)
      return true
    })
  })
})
