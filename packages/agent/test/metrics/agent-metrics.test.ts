import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MayflyError, minuteMs, secondMs } from '@mayfly/ca-core'
import { type AgentMetrics, createAgentMetrics } from '../../src/metrics/agent-metrics.ts'
import type { Transport } from '../../src/transport/transport.ts'
import { type IssuerSight, watchIssuers } from '../../src/transport/watch-issuers.ts'
import { VirtualHost } from '../support/virtual-host.ts'

function metricsOf(host: VirtualHost): AgentMetrics {
  return createAgentMetrics({
    version: '1.2.3',
    now: () => host.clock.now(),
    clockOffsetSeconds: () => -7,
    certificates: () => [{ name: 'web', view: host.keeper.view() }],
    issuers: () => new Map([['https://ca.example:8443', { is: 'reachable' as const }]]),
    status: () => ({
      alarms: [{ level: 'warning', code: 'config-invalid', message: 'a mistake' }],
      certificates: [
        {
          name: 'web',
          level: 'critical',
          alarms: [{ level: 'critical', code: 'probe-failed', message: '' }],
        },
      ],
    }),
  })
}

test('metrics: an agent at work → what it keeps, and what stands', async () => {
  const host = await VirtualHost.create()
  await host.enroll()
  await host.run(minuteMs)
  const metrics = metricsOf(host)
  for (const event of host.events) metrics.count('web', event)
  const text = await metrics.registry.metrics()
  const servedAt = host.state.lastServed?.at
  assert.ok(servedAt !== undefined)
  for (const line of [
    'mayfly_agent_info{version="1.2.3"} 1',
    'mayfly_agent_clock_offset_seconds -7',
    'mayfly_agent_issuer_reachable{issuer="https://ca.example:8443"} 1',
    `mayfly_agent_certificate_not_after_timestamp_seconds{certificate="web"} ${host.state.head.notAfter / secondMs}`,
    'mayfly_agent_generation{certificate="web"} 1',
    'mayfly_agent_served{certificate="web"} 1',
    `mayfly_agent_last_rotation_timestamp_seconds{certificate="web"} ${servedAt / secondMs}`,
    'mayfly_agent_bundle_sequence{certificate="web"} 1',
    'mayfly_agent_level{certificate="web"} 0',
    'mayfly_agent_alarm{certificate="",code="config-invalid",level="warning"} 1',
    'mayfly_agent_alarm{certificate="web",code="probe-failed",level="critical"} 1',
    'mayfly_agent_served_total{certificate="web"} 1',
  ]) {
    assert.ok(text.split('\n').includes(line), `${line} is not in\n${text}`)
  }
})

test('metrics: failures → counted by track and code', async () => {
  const host = await VirtualHost.create()
  await host.enroll()
  host.server.failCheck = true
  await host.run(minuteMs)
  const metrics = metricsOf(host)
  for (const event of host.events) metrics.count('web', event)
  const text = await metrics.registry.metrics()
  assert.match(
    text,
    /^mayfly_agent_failures_total\{certificate="web",track="restore",code="check-failed"\} [1-9]/m,
  )
  assert.match(text, /^mayfly_agent_served\{certificate="web"\} 0$/m)
})

test('last rotation: looked at again → when the certificate was first seen', async () => {
  const host = await VirtualHost.create()
  await host.enroll()
  await host.run(minuteMs)
  const first = host.state.lastServed
  await host.fileSystem.remove(`${host.liveFolder}`)
  await host.run(minuteMs)
  assert.ok(host.events.some(({ event }) => event === 'put-back'))
  assert.deepEqual(host.state.lastServed, first)
})

test('an issuer: answers anything → reachable; is silent → not; and answers again', async () => {
  const failures: (MayflyError | undefined)[] = [
    undefined,
    new MayflyError('transport-failed', 'gone'),
    new MayflyError('answer-invalid', 'nonsense'),
  ]
  const exchange: Transport['exchange'] = async () => {
    const failure = failures.shift()
    if (failure !== undefined) throw failure
    return { status: 503, headers: {}, body: new Uint8Array() }
  }
  const { transport, sights } = watchIssuers(
    { exchange, getUnverified: async () => exchange({} as never, {} as never) },
    { now: () => 7 },
  )
  const seen: (IssuerSight | undefined)[] = []
  while (failures.length > 0) {
    const request = {
      method: 'GET',
      url: 'https://ca.example/v1/bundle',
      headers: {},
      bodyBytesMax: 1,
    } as const
    await transport.exchange(request, {} as never).catch(() => undefined)
    seen.push(sights().get('https://ca.example'))
  }
  assert.deepEqual(seen, [
    { is: 'reachable' },
    { is: 'away', since: 7, failures: 1, reason: 'gone' },
    { is: 'reachable' },
  ])
})
