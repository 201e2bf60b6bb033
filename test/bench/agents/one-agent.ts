import { setTimeout as sleep } from 'node:timers/promises'
import { medianOf } from '../cpu-cost.ts'
import type { Bench, Figure } from '../figure.ts'
import { type BenchFleet, settled, startBenchFleet } from './bench-fleet.ts'
import { cpuMsOf, rssMiBOf, untilQuiet } from './process-cost.ts'

const certificates = 10

/** One agent with ten certificates: what its start costs, and what it costs while nothing is due. */
export const oneAgent: Bench = {
  async run({ quick, tell }) {
    const fleet = await startBenchFleet()
    try {
      tell(`enrolling ${certificates} certificates`)
      const names = Array.from({ length: certificates }, (_, index) => `web-${index + 1}`)
      const configuration = await fleet.enrol('host', names)
      const { startCpuMs, stop } = await started(fleet, configuration)
      await stop()
      tell('starting')
      const starts: number[] = []
      for (let start = 0; start < (quick ? 3 : 9); start++) {
        const next = await started(fleet, configuration)
        starts.push(next.startCpuMs)
        await next.stop()
      }
      tell(`resting (the first start, with its requests: ${Math.round(startCpuMs)} ms)`)
      return [
        { name: 'agent.startCpuMs', value: medianOf(starts), unit: 'ms', aim: { atMost: 300 } },
        ...(await rest(fleet, configuration, quick ? 60 : 300)),
      ]
    } finally {
      await fleet.stop()
    }
  },
}

/** Until all is served and asked for. */
async function started(
  fleet: BenchFleet,
  configuration: string,
): Promise<{ startCpuMs: number; stop: () => Promise<void> }> {
  const agent = await fleet.startAgent(configuration)
  await settled(agent, configuration)
  return { startCpuMs: await cpuMsOf(agent.pid), stop: agent.stop }
}

async function rest(fleet: BenchFleet, configuration: string, seconds: number): Promise<Figure[]> {
  const agent = await fleet.startAgent(configuration)
  await settled(agent, configuration)
  await untilQuiet([agent.pid])
  const before = await cpuMsOf(agent.pid)
  await sleep(seconds * 1_000)
  const cpuMs = (await cpuMsOf(agent.pid)) - before
  const idle = { value: cpuMs / (seconds * 10), unit: '% of a core', aim: { atMost: 0.1 } }
  return [
    { name: 'agent.rssMiB', value: await rssMiBOf(agent.pid), unit: 'MiB', aim: { atMost: 90 } },
    { name: 'agent.idleCpuPercent', ...idle },
  ]
}
