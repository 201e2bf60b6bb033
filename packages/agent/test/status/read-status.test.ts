import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatInstant, hourMs, minuteMs } from '@mayfly/ca-core'
import type { AgentStatus } from '../../src/status/agent-status.ts'
import { certificateAlarms } from '../../src/status/certificate-alarms.ts'
import { composeStatus } from '../../src/status/compose-status.ts'
import { agentStatus, judgeStatus } from '../../src/status/read-status.ts'
import { VirtualHost } from '../support/virtual-host.ts'

async function rotatedHost(): Promise<VirtualHost> {
  const host = await VirtualHost.create()
  await host.enroll()
  await host.run(minuteMs)
  return host
}

function statusOf(
  host: VirtualHost,
  changes: Partial<Parameters<typeof composeStatus>[0]> = {},
): AgentStatus {
  return composeStatus({
    version: '0.1.0',
    pid: 1,
    host: 'web-1',
    startedAt: host.clock.now(),
    now: host.clock.now(),
    state: 'running',
    configPath: '/etc/mayfly/agent.yaml',
    clockOffsetSeconds: 0,
    issuers: new Map(),
    certificates: [{ name: 'web', view: host.keeper.view() }],
    ...changes,
  })
}

describe('the status', () => {
  test('all is well: ok, 0', async () => {
    const host = await rotatedHost()
    const { level, exitCode, alarms } = judgeStatus(statusOf(host), host.clock.now())
    assert.deepEqual({ level, exitCode, alarms }, { level: 'ok', exitCode: 0, alarms: [] })
  })

  test('a reload that fails on the way forth and on the way back: told once', async () => {
    const host = await rotatedHost()
    host.server.failReload = true
    await host.run(13 * hourMs)
    const { install, restore } = host.state.setbacks
    assert.equal(install?.message, restore?.message)
    const told = certificateAlarms(host.state, host.clock.now()).map(({ code }) => code)
    assert.deepEqual(told, ['reload-failed'])
  })

  test('read by somebody else, who may not: told how they could', async () => {
    const { fileSystem, clock } = await rotatedHost()
    await fileSystem.createFile('/agent.yaml', new TextEncoder().encode('state: /state\n'), { mode: 0o644 })
    await fileSystem.createFile('/state/status.json', new Uint8Array(), { mode: 0o644 })
    fileSystem.fail({ errno: 'EACCES', operation: 'readFile', path: /status/ })
    await assert.rejects(agentStatus('/agent.yaml', { fileSystem, now: clock.now() }), {
      code: 'permission-denied',
      message: /ask as the agent's user, or set status\.file in agent\.yaml to a place that others may read/,
    })
  })

  test('a file that is no YAML any more: the status all the same, and the mistake with its line', async () => {
    const host = await rotatedHost()
    const { fileSystem, clock } = host
    const write = (path: string, text: string) =>
      fileSystem.replaceFile(path, new TextEncoder().encode(text), { mode: 0o644 })
    await write('/agent.yaml', 'state: /state\ncertificates:\n  web: [\n')
    const read = () => agentStatus('/agent.yaml', { fileSystem, now: clock.now() })
    await assert.rejects(read(), { code: 'config-invalid', message: /^\/agent\.yaml:4:1: / })
    await write('/state/status.json', JSON.stringify(statusOf(host)))
    const { status, exitCode, alarms } = await read()
    assert.deepEqual([status.certificates.length, exitCode, alarms.length], [1, 1, 1])
    assert.match(alarms[0]?.message ?? '', /^the configuration has a mistake: \/agent\.yaml:4:1: /)
    await write('/state/status.json', JSON.stringify(statusOf(host, { configurationProblem: 'oops' })))
    assert.equal((await read()).alarms.length, 1)
    await write('/agent.yaml', '- state: /state\n')
    await assert.rejects(read(), { code: 'config-invalid' })
  })

  test('a mistake in the configuration: a warning, 1', async () => {
    const host = await rotatedHost()
    const status = statusOf(host, { configurationProblem: 'agent.yaml:7:1: oops: is not a known key' })
    const { exitCode, alarms } = judgeStatus(status, host.clock.now())
    assert.equal(exitCode, 1)
    assert.match(alarms[0]?.message ?? '', /agent\.yaml:7:1/)
  })

  const ca1 = 'https://ca-1.example'
  const ca2 = 'https://ca-2.example:8443'
  const away = {
    is: 'away',
    since: 0,
    failures: 2,
    reason: `${ca2}/v1/bundle cannot be reached: refused`,
  } as const
  for (const [what, urls, sights, sentence] of [
    [
      'one of two issuers is away: it is named, and who answers instead',
      [ca1, ca2],
      { [ca1]: { is: 'reachable' }, [ca2]: away },
      /^the issuer https:\/\/ca-2\.example:8443 is away, and https:\/\/ca-1\.example answers in its place: .*refused\. See whether the issuer runs/,
    ],
    [
      'both are away',
      [ca1, ca2],
      { [ca1]: away, [ca2]: away },
      /ca-1\.example is away, and no other issuer answers/,
    ],
    [
      'one lost message',
      [ca1, ca2],
      { [ca1]: { is: 'reachable' }, [ca2]: { ...away, failures: 1 } },
      undefined,
    ],
    ['the only one is away: its certificates tell', [ca2], { [ca2]: away }, undefined],
    ['one that is no longer configured', [ca1], { [ca1]: { is: 'reachable' }, [ca2]: away }, undefined],
  ] as const) {
    test(`issuers: ${what}`, async () => {
      const host = await rotatedHost()
      const view = { ...host.keeper.view(), issuerUrls: urls }
      const status = statusOf(host, {
        issuers: new Map(Object.entries(sights)),
        certificates: [{ name: 'web', view }],
      })
      const { alarms } = judgeStatus(status, host.clock.now())
      if (sentence === undefined) assert.deepEqual(alarms, [])
      else assert.match(alarms[0]?.message ?? '', sentence)
    })
  }

  test('issuers: one gives certificates of no use: it is named once, for whom, since when, and why', async () => {
    const host = await rotatedHost()
    const { state } = host
    const statusWith = (issuerUrls: readonly string[], since: number): AgentStatus => {
      const refused = { issuer: ca1, since, at: since + hourMs, reason: `it lacks dns:web-${since}` }
      const view = { ...host.keeper.view(), issuerUrls, state: { ...state, refusedIssuers: [refused] } }
      const other = { ...view, state: { ...state, refusedIssuers: [{ ...refused, since: 0, at: 1 }] } }
      return statusOf(host, {
        certificates: [
          { name: 'web', view },
          { name: 'api', view: other },
        ],
      })
    }
    assert.deepEqual(judgeStatus(statusWith([ca1, ca2], 7), host.clock.now()).alarms, [
      {
        level: 'warning',
        code: 'answer-invalid',
        message: `the certificate of the issuer ${ca1} for web, api is of no use, and the others are asked: it lacks dns:web-7. Look at that issuer.`,
        since: formatInstant(0),
      },
    ])
    assert.deepEqual(judgeStatus(statusWith([ca2, 'https://ca-3.example'], 7), host.clock.now()).alarms, [])
  })

  test('the identity in the configuration is another: a warning that says what to do', async () => {
    const host = await rotatedHost()
    const view = { ...host.keeper.view(), wantedIdentity: 'web-2' }
    const status = statusOf(host, { certificates: [{ name: 'web', view }] })
    const [alarm] = status.certificates[0]?.alarms ?? []
    assert.equal(alarm?.level, 'warning')
    assert.match(alarm?.message ?? '', /identity web-2, and enrolled as web-1.*mayfly agent enroll TOKEN/)
  })

  test('nothing was said for minutes: critical, 2', async () => {
    const host = await rotatedHost()
    assert.equal(judgeStatus(statusOf(host), host.clock.now() + 5 * minuteMs).exitCode, 2)
  })

  test('the agent was stopped: critical, 2', async () => {
    const host = await rotatedHost()
    assert.equal(judgeStatus(statusOf(host, { state: 'stopped' }), host.clock.now()).exitCode, 2)
  })

  test('a certificate that expired since: critical, and told with its time', async () => {
    const host = await rotatedHost()
    const { alarms } = judgeStatus(statusOf(host), host.clock.now() + 25 * hourMs)
    const until = formatInstant(host.state.head.notAfter)
    assert.ok(alarms.some(({ code, message }) => code === 'certificate-expired' && message.includes(until)))
  })

  test('a clock ten minutes off: a warning that says which way', async () => {
    const host = await rotatedHost()
    const { alarms } = judgeStatus(statusOf(host, { clockOffsetSeconds: -600 }), host.clock.now())
    assert.match(alarms[0]?.message ?? '', /600 s behind/)
  })

  test('a certificate that is not enrolled: critical, with the command to type', async () => {
    const host = await VirtualHost.create()
    const failure = await host.step().catch((error: unknown) => error)
    const status = statusOf(host, { certificates: [{ name: 'web', view: {}, failure }] })
    assert.equal(status.level, 'critical')
    assert.match(status.certificates[0]?.alarms[0]?.message ?? '', /mayfly agent enroll TOKEN --name web/)
  })

  test('the server does not serve the new one: a warning at once', async () => {
    const host = await rotatedHost()
    host.server.ignoreReload = true
    await host.run(12.05 * hourMs)
    assert.ok(certificateAlarms(host.state, host.clock.now()).some(({ code }) => code === 'probe-failed'))
  })

  test('late in its life: a warning, then critical', async () => {
    const host = await rotatedHost()
    const { head } = host.state
    const levelAt = (hours: number) =>
      certificateAlarms(host.state, head.notBefore + hours * hourMs).map(({ level }) => level)
    assert.deepEqual(levelAt(13), [])
    assert.deepEqual(levelAt(17), ['warning'])
    assert.deepEqual(levelAt(22), ['critical'])
    assert.deepEqual(levelAt(25), ['critical'])
  })

  test('the status of every state: no key in it', async () => {
    const host = await rotatedHost()
    assert.doesNotMatch(JSON.stringify(statusOf(host)), /PRIVATE|BEGIN/)
  })
})
