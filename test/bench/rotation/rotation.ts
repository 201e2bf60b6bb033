import { setTimeout as sleep } from 'node:timers/promises'
import { createTestHost, type TestHost } from '../../support/rotation.ts'
import { percentileOf } from '../cpu-cost.ts'
import type { Bench, Figure } from '../figure.ts'
import type { CallCounts, Calls } from './calls.ts'
import { databaseServers } from './database-servers.ts'
import { httpsServers } from './https-servers.ts'
import type { RotatedServer } from './rotated-server.ts'

/** How often each server is rotated, and how many requests are answered between two rotations. */
interface Pace {
  readonly rotations: number
  readonly requestsBetween: number
}

const fullPace: Pace = { rotations: 15, requestsBetween: 900 }
const quickPace: Pace = { rotations: 4, requestsBetween: 100 }
/** Clients that are programs begin anew for each call or few. */
const databasePace: Pace = { rotations: 15, requestsBetween: 100 }
const databaseQuickPace: Pace = { rotations: 4, requestsBetween: 20 }

/** Each real server rotates under load. The time goes from the minted certificate to the look that saw it on the port. */
export const rotation: Bench = {
  async run({ quick, tell }) {
    const measured: Measured[] = []
    const paces = [
      { servers: httpsServers, pace: quick ? quickPace : fullPace },
      { servers: databaseServers, pace: quick ? databaseQuickPace : databasePace },
    ]
    for (const { servers, pace } of paces) {
      for (const server of servers) {
        tell(server.name)
        measured.push(await measure(server, pace))
      }
    }
    return [...totals(measured, quick), ...measured.flatMap(figuresOf)]
  },
}

interface Measured {
  readonly name: string
  readonly times: readonly number[]
  readonly counts: CallCounts
}

async function measure(server: RotatedServer, pace: Pace): Promise<Measured> {
  const host = await createTestHost(await server.hostOptions())
  try {
    await host.install(await host.issue())
    const { name } = server
    return { name, ...(await rotateCalled(server, host, pace)) }
  } finally {
    await host.remove()
  }
}

async function rotateCalled(
  server: RotatedServer,
  host: TestHost,
  { rotations, requestsBetween }: Pace,
): Promise<Pick<Measured, 'times' | 'counts'>> {
  const { reload, endpoint, startCalls, stop } = await server.start(host)
  const calls = startCalls()
  const times: number[] = []
  let counts: CallCounts
  try {
    for (let count = 0; count < rotations; count++) {
      await moreAnswers(calls, requestsBetween)
      times.push((await host.rotate(reload, [endpoint])).mintToServedMs)
    }
    await moreAnswers(calls, requestsBetween)
  } finally {
    counts = await calls.stop()
    await stop()
  }
  return { times, counts }
}

async function moreAnswers(calls: Calls, more: number): Promise<void> {
  for (const goal = calls.answered() + more; calls.answered() < goal; ) await sleep(5)
}

function totals(measured: readonly Measured[], quick: boolean): Figure[] {
  const sum = (of: (each: Measured) => number): number =>
    measured.reduce((total, each) => total + of(each), 0)
  const times = measured.flatMap((each) => each.times)
  return [
    {
      name: 'rotation.count',
      value: times.length,
      unit: 'rotations',
      ...(!quick && { aim: { atLeast: 100 } }),
    },
    {
      name: 'rotation.requests',
      value: sum(({ counts }) => counts.requests),
      unit: 'requests',
      ...(!quick && { aim: { atLeast: 100_000 } }),
    },
    {
      name: 'rotation.failedRequests',
      value: sum(({ counts }) => counts.failedRequests),
      unit: 'requests',
      aim: { atMost: 0 },
    },
    {
      name: 'rotation.failedHandshakes',
      value: sum(({ counts }) => counts.failedHandshakes),
      unit: 'handshakes',
      aim: { atMost: 0 },
    },
    ...percentiles('rotation', times),
  ]
}

function figuresOf({ name, times, counts }: Measured): Figure[] {
  const refused = {
    name: `rotation.${name}.refusedConnections`,
    value: counts.refusedConnections,
    unit: 'connections that the server had not yet taken as it reloaded',
  }
  return [...percentiles(`rotation.${name}`, times), ...(counts.refusedConnections > 0 ? [refused] : [])]
}

function percentiles(prefix: string, times: readonly number[]): Figure[] {
  const aim = prefix === 'rotation.nginx' ? { aim: { atMost: 1_000 } } : {}
  return [
    { name: `${prefix}.mintToServedMs.p50`, value: percentileOf(times, 50), unit: 'ms' },
    { name: `${prefix}.mintToServedMs.p99`, value: percentileOf(times, 99), unit: 'ms', ...aim },
  ]
}
