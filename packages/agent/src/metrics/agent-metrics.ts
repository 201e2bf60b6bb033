import { type Instant, secondMs } from '@mayfly/ca-core'
import { Counter, Gauge, Registry } from 'prom-client'
import type { RotationEvent } from '../rotation/rotation-event.ts'
import { isServed, liveGeneration } from '../state/lineage-state.ts'
import type { AgentStatus } from '../status/agent-status.ts'
import { worstLevel } from '../status/alarm.ts'
import { type KeptCertificate, keptAlarms } from '../status/compose-status.ts'
import type { IssuerSight } from '../transport/watch-issuers.ts'

export interface AgentMetrics {
  readonly registry: Registry
  /** Counts what happened. */
  count(certificate: string, event: RotationEvent): void
}

/** What the gauges are read from when somebody looks. */
export interface MetricsFacts {
  readonly version: string
  now(): Instant
  clockOffsetSeconds(): number
  certificates(): readonly KeptCertificate[]
  status(): Pick<AgentStatus, 'alarms' | 'certificates'>
  /** What was last seen of each issuer. */
  issuers(): ReadonlyMap<string, IssuerSight>
}

const levels = { ok: 0, warning: 1, critical: 2 } as const

/** The figures of an agent. Labels are names of the configuration and codes of our own. */
export function createAgentMetrics(facts: MetricsFacts): AgentMetrics {
  const registry = new Registry()
  measureAgent(registry, facts)
  measureCertificates(registry, facts)
  measureAlarms(registry, facts)
  return { registry, count: countEvents(registry) }
}

function measureAgent(registry: Registry, facts: MetricsFacts): void {
  const registers = [registry]
  new Gauge({
    name: 'mayfly_agent_info',
    help: 'Always 1; the label is the version.',
    labelNames: ['version'],
    registers,
  }).set({ version: facts.version }, 1)
  new Gauge({
    name: 'mayfly_agent_clock_offset_seconds',
    help: "This host's clock less the issuer's.",
    registers,
    collect() {
      this.set(facts.clockOffsetSeconds())
    },
  })
  new Gauge({
    name: 'mayfly_agent_issuer_reachable',
    help: 'Whether the issuer answered the latest question.',
    labelNames: ['issuer'],
    registers,
    collect() {
      this.reset()
      for (const [issuer, { is }] of facts.issuers()) this.set({ issuer }, Number(is === 'reachable'))
    },
  })
}

/** Gauges with the label `certificate`: what each is called, says, and is read from. */
const certificateGauges: readonly (readonly [
  name: string,
  help: string,
  read: (kept: KeptCertificate, now: Instant) => number | undefined,
])[] = [
  [
    'mayfly_agent_certificate_not_after_timestamp_seconds',
    'When the installed certificate expires.',
    ({ view }) => inSeconds(view.state && liveGeneration(view.state)?.notAfter),
  ],
  [
    'mayfly_agent_generation',
    'The number of the installed generation.',
    ({ view }) => view.state?.live?.number,
  ],
  [
    'mayfly_agent_served',
    'Whether the installed certificate was seen on every live port.',
    ({ view }) => (view.state?.live === undefined ? undefined : Number(isServed(view.state))),
  ],
  [
    'mayfly_agent_last_rotation_timestamp_seconds',
    'When the latest certificate was first seen on the live ports.',
    ({ view }) => inSeconds(view.state?.lastServed?.at),
  ],
  [
    'mayfly_agent_bundle_sequence',
    'The sequence of the trust bundle held.',
    ({ view }) => view.held?.bundle.sequence,
  ],
  [
    'mayfly_agent_level',
    'The state of the certificate: 0 ok, 1 warning, 2 critical.',
    (kept, now) => levels[worstLevel(keptAlarms(kept, now))],
  ],
]

function measureCertificates(registry: Registry, facts: MetricsFacts): void {
  for (const [name, help, read] of certificateGauges) {
    new Gauge({
      name,
      help,
      labelNames: ['certificate'],
      registers: [registry],
      collect() {
        // Certificates that were taken out of the configuration leave no last value behind.
        this.reset()
        for (const kept of facts.certificates()) {
          const value = read(kept, facts.now())
          if (value !== undefined) this.set({ certificate: kept.name }, value)
        }
      },
    })
  }
}

function measureAlarms(registry: Registry, facts: MetricsFacts): void {
  new Gauge({
    name: 'mayfly_agent_alarm',
    help: 'Each alarm that stands; without a certificate where it is about the agent itself.',
    labelNames: ['certificate', 'code', 'level'],
    registers: [registry],
    collect() {
      this.reset()
      const { alarms, certificates } = facts.status()
      const groups = [{ name: '', alarms }, ...certificates]
      for (const group of groups) {
        for (const { code, level } of group.alarms) this.set({ certificate: group.name, code, level }, 1)
      }
    },
  })
}

function countEvents(registry: Registry): AgentMetrics['count'] {
  const registers = [registry]
  const served = new Counter({
    name: 'mayfly_agent_served_total',
    help: 'Generations brought to the live ports.',
    labelNames: ['certificate'],
    registers,
  })
  const failed = new Counter({
    name: 'mayfly_agent_failures_total',
    help: 'Actions that failed, by track: bundle, ask, fetch, install, restore, look.',
    labelNames: ['certificate', 'track', 'code'],
    registers,
  })
  const putBack = new Counter({
    name: 'mayfly_agent_put_back_total',
    help: 'Times that altered files were put back.',
    labelNames: ['certificate'],
    registers,
  })
  const mended = new Counter({
    name: 'mayfly_agent_port_mended_total',
    help: 'Times that a port served something else between rotations, and a reload mended it.',
    labelNames: ['certificate'],
    registers,
  })
  return (certificate, event) => {
    if (event.event === 'port-mended') mended.inc({ certificate })
    if (event.event === 'served') served.inc({ certificate })
    if (event.event === 'put-back') putBack.inc({ certificate })
    if (event.event === 'failed') failed.inc({ certificate, track: event.track, code: event.setback.code })
  }
}

function inSeconds(instant: Instant | undefined): number | undefined {
  return instant === undefined ? undefined : instant / secondMs
}
