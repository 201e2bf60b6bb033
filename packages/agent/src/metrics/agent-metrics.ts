import { type Instant, secondMs } from '@mayfly/ca-core'
import { Counter, Gauge, Registry } from 'prom-client'
import type { RotationEvent } from '../rotation/rotation-event.ts'
import { liveGeneration } from '../state/lineage-state.ts'
import { worstLevel } from '../status/alarm.ts'
import { type KeptCertificate, keptAlarms } from '../status/compose-status.ts'

export interface AgentMetrics {
  readonly registry: Registry
  /** Counts what happened. */
  count(certificate: string, event: RotationEvent): void
}

/** What the gauges are read from when somebody looks. */
export interface MetricsFacts {
  now(): Instant
  clockOffsetSeconds(): number
  certificates(): readonly KeptCertificate[]
}

const levels = { ok: 0, warning: 1, critical: 2 } as const

export function createAgentMetrics(facts: MetricsFacts): AgentMetrics {
  const registry = new Registry()
  gaugePerCertificate(
    registry,
    facts,
    'mayfly_agent_certificate_not_after_seconds',
    'When the installed certificate expires, Unix time',
    ({ view }) => {
      const live = view.state === undefined ? undefined : liveGeneration(view.state)
      return live === undefined ? undefined : live.notAfter / secondMs
    },
  )
  gaugePerCertificate(
    registry,
    facts,
    'mayfly_agent_generation',
    'The number of the installed generation',
    ({ view }) => view.state?.live?.number,
  )
  gaugePerCertificate(
    registry,
    facts,
    'mayfly_agent_served',
    'Whether the installed certificate was seen on every live port',
    ({ view }) => (view.state?.live === undefined ? undefined : Number(view.state.live.served)),
  )
  gaugePerCertificate(
    registry,
    facts,
    'mayfly_agent_bundle_sequence',
    'The sequence of the trust bundle held',
    ({ view }) => view.held?.bundle.sequence,
  )
  gaugePerCertificate(
    registry,
    facts,
    'mayfly_agent_level',
    'The state of the certificate: 0 ok, 1 warning, 2 critical',
    (kept) => levels[worstLevel(keptAlarms(kept, facts.now()))],
  )
  new Gauge({
    name: 'mayfly_agent_clock_offset_seconds',
    help: "This host's clock less the issuer's",
    registers: [registry],
    collect() {
      this.set(facts.clockOffsetSeconds())
    },
  })
  const served = counter(registry, 'mayfly_agent_served_total', 'Generations brought to the live ports', [
    'certificate',
  ])
  const failed = counter(registry, 'mayfly_agent_failures_total', 'Actions that failed', [
    'certificate',
    'track',
    'code',
  ])
  const putBack = counter(registry, 'mayfly_agent_put_back_total', 'Times that altered files were put back', [
    'certificate',
  ])
  return {
    registry,
    count(certificate, event) {
      if (event.event === 'served') served.inc({ certificate })
      if (event.event === 'put-back') putBack.inc({ certificate })
      if (event.event === 'failed') failed.inc({ certificate, track: event.track, code: event.setback.code })
    },
  }
}

function gaugePerCertificate(
  registry: Registry,
  facts: MetricsFacts,
  name: string,
  help: string,
  read: (kept: KeptCertificate) => number | undefined,
): void {
  new Gauge({
    name,
    help,
    labelNames: ['certificate'],
    registers: [registry],
    collect() {
      // Certificates that were taken out of the configuration leave no last value behind.
      this.reset()
      for (const kept of facts.certificates()) {
        const value = read(kept)
        if (value !== undefined) this.set({ certificate: kept.name }, value)
      }
    },
  })
}

function counter<L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: L[],
): Counter<L> {
  return new Counter({ name, help, labelNames, registers: [registry] })
}
