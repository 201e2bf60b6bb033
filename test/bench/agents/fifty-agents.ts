import { setTimeout as sleep } from 'node:timers/promises'
import type { AgentStatus } from '@mayfly/agent'
import type { StartedServer } from '../../support/servers/started-server.ts'
import type { Bench } from '../figure.ts'
import { settled, startBenchFleet } from './bench-fleet.ts'
import { cpuMsOf, pssMiBOf, sumOf, untilQuiet } from './process-cost.ts'

const renewalLimitMs = 300_000

/** Fifty agents on one machine, with a certificate each: what they cost together, and all renewing at once. */
export const fiftyAgents: Bench = {
  async run({ quick, tell }) {
    const count = quick ? 10 : 50
    const fleet = await startBenchFleet()
    try {
      const agents: Agent[] = []
      for (let index = 0; index < count; index++) {
        if (index % 10 === 0) tell(`enrolled ${index} of ${count}`)
        const configuration = await fleet.enrol(`host-${index}`, [`web-${index}`])
        agents.push({ configuration, started: await fleet.startAgent(configuration) })
      }
      await statusesOf(agents)
      const pids = agents.map(({ started }) => started.pid)
      tell('resting')
      await untilQuiet(pids)
      const seconds = quick ? 10 : 60
      const before = await sumOf(pids, cpuMsOf)
      await sleep(seconds * 1_000)
      const cpuMs = (await sumOf(pids, cpuMsOf)) - before
      tell('renewing all at once')
      const renewalMs = await renewAll(agents)
      const statuses = await statusesOf(agents)
      return [
        { name: 'agents.fifty.count', value: count, unit: 'agents' },
        { name: 'agents.fifty.pssMiB', value: await sumOf(pids, pssMiBOf), unit: 'MiB, all together' },
        {
          name: 'agents.fifty.idleCpuPercent',
          value: cpuMs / (seconds * 10),
          unit: '% of a core, all together',
          aim: { atMost: 0.1 * count },
        },
        { name: 'agents.fifty.renewAllSeconds', value: renewalMs / 1_000, unit: 's' },
        {
          name: 'agents.fifty.alarms',
          value: statuses.filter(({ level }) => level !== 'ok').length,
          unit: 'agents',
          aim: { atMost: 0 },
        },
      ]
    } finally {
      await fleet.stop()
    }
  },
}

interface Agent {
  readonly configuration: string
  readonly started: StartedServer
}

function statusesOf(agents: readonly Agent[]): Promise<AgentStatus[]> {
  return Promise.all(agents.map(({ configuration, started }) => settled(started, configuration)))
}

/** Asks every agent for a new certificate in the same moment; the time until the last has installed its own. */
async function renewAll(agents: readonly Agent[]): Promise<number> {
  const generations = await generationsOf(agents)
  const begun = performance.now()
  for (const { started } of agents) process.kill(started.pid, 'SIGUSR2')
  for (; performance.now() - begun < renewalLimitMs; await sleep(100)) {
    const now = await generationsOf(agents)
    if (now.every((generation, index) => generation > (generations[index] ?? 0)))
      return performance.now() - begun
  }
  throw new Error('the agents did not renew')
}

async function generationsOf(agents: readonly Agent[]): Promise<number[]> {
  const statuses = await statusesOf(agents)
  return statuses.map(({ certificates: [certificate] }) => certificate?.installed?.generation ?? 0)
}
