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
const databasePace: Pace = { rotations: 15, requestsBetween: 300 }
const databaseQuickPace: Pace = { rotations: 4, requestsBetween: 60 }
/** A server that answers nothing any more has failed, and is not waited for. */
const stallMsMax = 30_000

/** Each real server rotates under load. The time goes from the minted certificate to the look that saw it on the port. */
export const rotation: Bench = {
  async *run({ quick, tell }) {
    const measured: Measured[] = []
    const paces = [
      { servers: httpsServers, pace: quick ? quickPace : fullPace },
      { servers: databaseServers, pace: quick ? databaseQuickPace : databasePace },
    ]
    for (const { servers, pace } of paces) {
      for (const server of servers) {
        tell(server.name)
        const each = await measure(server, pace)
        measured.push(each)
        yield* figuresOf(each)
      }
    }
    yield* totals(measured, quick)
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
    const { times, counts } = await rotateCalled(server, host, pace)
    return { name: server.name, times, counts: judged(server, counts) }
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
  const goal = calls.answered() + more
  for (const begun = performance.now(); calls.answered() < goal; await sleep(5)) {
    if (performance.now() - begun > stallMsMax)
      throw new Error(`of ${more} requests ${goal - calls.answered()} were not answered in time`)
  }
}

function judged({ opensPortAnew = false }: RotatedServer, counts: CallCounts): CallCounts {
  if (opensPortAnew) return counts
  const { failedHandshakes, refusedConnections } = counts
  return { ...counts, failedHandshakes: failedHandshakes + refusedConnections, refusedConnections: 0 }
}

const none = { aim: { atMost: 0 } } as const

function totals(measured: readonly Measured[], quick: boolean): Figure[] {
  const sum = (of: (each: Measured) => number): number =>
    measured.reduce((total, each) => total + of(each), 0)
  const times = measured.flatMap((each) => each.times)
  const rotations = { value: times.length, unit: 'rotations' }
  const requests = { value: sum(({ counts }) => counts.requests), unit: 'requests' }
  const failedRequests = sum(({ counts }) => counts.failedRequests)
  const failedHandshakes = sum(({ counts }) => counts.failedHandshakes)
  return [
    { name: 'rotation.count', ...rotations, ...(!quick && { aim: { atLeast: 100 } }) },
    { name: 'rotation.requests', ...requests, ...(!quick && { aim: { atLeast: 100_000 } }) },
    { name: 'rotation.failedRequests', value: failedRequests, unit: 'requests', ...none },
    { name: 'rotation.failedHandshakes', value: failedHandshakes, unit: 'handshakes', ...none },
    ...percentiles('rotation', times),
  ]
}

function figuresOf({ name, times, counts }: Measured): Figure[] {
  const prefix = `rotation.${name}`
  const { requests, failedRequests, failedHandshakes, refusedConnections, repeatedAfterIdleClose } = counts
  return [
    { name: `${prefix}.count`, value: times.length, unit: 'rotations' },
    { name: `${prefix}.requests`, value: requests, unit: 'requests' },
    { name: `${prefix}.failedRequests`, value: failedRequests, unit: 'requests', ...none },
    { name: `${prefix}.failedHandshakes`, value: failedHandshakes, unit: 'handshakes', ...none },
    {
      name: `${prefix}.refusedConnections`,
      value: refusedConnections,
      unit: 'connections that waited at a port that the server itself opened anew',
    },
    {
      name: `${prefix}.idleCloses`,
      value: repeatedAfterIdleClose,
      unit: 'kept connections that the server itself closed while they were idle',
    },
    ...percentiles(prefix, times),
  ]
}

function percentiles(prefix: string, times: readonly number[]): Figure[] {
  const aim = prefix === 'rotation.nginx' ? { aim: { atMost: 1_000 } } : {}
  return [
    { name: `${prefix}.mintToServedMs.p50`, value: percentileOf(times, 50), unit: 'ms' },
    { name: `${prefix}.mintToServedMs.p99`, value: percentileOf(times, 99), unit: 'ms', ...aim },
  ]
}
