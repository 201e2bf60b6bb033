import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  enrolled,
  type Held,
  newKey,
  postRequest,
  signedRequest,
} from '../../../packages/issuer-daemon/test/support/test-host.ts'
import { rssMiBOf } from '../agents/process-cost.ts'
import type { Bench, Figure } from '../figure.ts'
import { type AttackedIssuer, startAttackedIssuer } from './attacked-issuer.ts'
import type { AttackScale } from './attackers.ts'

const full: AttackScale = {
  silent: 2_000,
  halfOpen: 1_000,
  idle: 5_000,
  slowBodies: 200,
  endlessBodies: 20,
  hugeBodies: 20,
  flooders: 200,
}
const rough: AttackScale = {
  silent: 400,
  halfOpen: 100,
  idle: 100,
  slowBodies: 30,
  endlessBodies: 5,
  hugeBodies: 5,
  flooders: 30,
}

const program = fileURLToPath(new URL('attack-child.ts', import.meta.url))

/** The one host that behaves asks more often than any would; everything else is as by default. */
const yaml = 'limits: { identity: { perMinute: 6000, burst: 1000 } }'
const requestPauseMs = 50
/** Back to normal is as fast as this, or half as slow again as it ever was before, ten times in a row. */
const normalMs = 100
const normalShare = 1.5
const normalInARow = 10
/** Whoever is not back by then is not within seconds. */
const patienceMs = 60_000

/**
 * What a host that behaves notices of an attack: silent, half-open and idle connections, slow and endless bodies,
 * and a flood of badly signed requests, from sixty-four addresses on the same two cores.
 */
export const overload: Bench = {
  async run({ quick, tell }) {
    const issuer = await startAttackedIssuer(yaml)
    try {
      return await measure(
        issuer,
        quick ? { scale: rough, requests: 60 } : { scale: await fitting(full, tell), requests: 400 },
        tell,
      )
    } finally {
      await issuer.stop()
    }
  },
}

/** Files that issuer and attacker need beside the connections. */
const filesBeside = 500

/** As much of the attack as this machine lets one process have open; Node takes all that it may have by itself. */
async function fitting(scale: AttackScale, tell: (what: string) => void): Promise<AttackScale> {
  const filesMax = Number(
    /^Max open files +\S+ +(\d+)/m.exec(await readFile('/proc/self/limits', 'utf8'))?.[1],
  )
  const wanted = Object.values(scale).reduce((sum, count) => sum + count, 0) + filesBeside
  if (!(filesMax < wanted)) return scale
  const share = filesMax / wanted
  tell(`only ${filesMax} open files (ulimit -Hn): ${Math.round(100 * share)} % of the attack`)
  const kinds = Object.entries(scale).map(([kind, count]) => [kind, Math.floor(share * count)])
  return Object.fromEntries(kinds) as unknown as AttackScale
}

async function measure(
  issuer: AttackedIssuer,
  { scale, requests }: { scale: AttackScale; requests: number },
  tell: (what: string) => void,
): Promise<Figure[]> {
  const { token } = await issuer.admin.createToken({ identity: 'web-1', names: ['dns:web-1.example'] })
  // One key for all requests: what is measured is the issuer, and a host that asks for another gives up this one.
  const host = { ...(await enrolled(issuer, token)), next: await newKey() }
  tell('before')
  const before = await ask(issuer, host, 20)
  tell(`under attack: ${JSON.stringify(scale)}`)
  const attack = beginAttack(issuer, scale)
  await sleep(3_000)
  const { times, failed, rssMiB } = await ask(issuer, host, requests)
  tell(`connections: ${await attack.end()}`)
  const recoverSeconds = await untilNormal(issuer, host, normalShare * Math.max(...before.times))
  return [
    { name: 'attack.quietP50Ms', value: quantile(before.times, 0.5), unit: 'ms' },
    { name: 'attack.p50Ms', value: quantile(times, 0.5), unit: 'ms' },
    { name: 'attack.p99Ms', value: quantile(times, 0.99), unit: 'ms', aim: { atMost: 1_000 } },
    { name: 'attack.refused', value: failed, unit: 'requests', aim: { atMost: 0 } },
    { name: 'attack.rssMiB', value: rssMiB, unit: 'MiB', aim: { atMost: 600 } },
    { name: 'attack.recoverySeconds', value: recoverSeconds, unit: 's', aim: { atMost: 10 } },
  ]
}

/** In a process of its own: the host that is measured must not wait for its attackers. */
function beginAttack({ port, ca }: AttackedIssuer, scale: AttackScale): { end(): Promise<string> } {
  const stdio = ['ignore', 'pipe', 'inherit'] as const
  const child = spawn(process.execPath, [program, String(port), ca, JSON.stringify(scale)], {
    stdio: [...stdio],
  })
  return {
    async end() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      const [said] = await Promise.all([text(child.stdout as Readable), ended])
      return said.trim()
    },
  }
}

/** A host with the key that it asks for. */
interface AskingHost extends Held {
  readonly next: Awaited<ReturnType<typeof newKey>>
}

async function ask(
  issuer: AttackedIssuer,
  host: AskingHost,
  requests: number,
): Promise<{ times: number[]; failed: number; rssMiB: number }> {
  const times: number[] = []
  let failed = 0
  let rssMiB = 0
  for (let asked = 0; asked < requests; asked += 1) {
    const jws = await signedRequest(host, { next: host.next })
    const startedMs = performance.now()
    const answer = await postRequest(issuer, jws).catch(() => undefined)
    if (answer?.status === 202) times.push(performance.now() - startedMs)
    else failed += 1
    rssMiB = Math.max(rssMiB, await rssMiBOf(issuer.pid))
    await sleep(requestPauseMs)
  }
  return { times, failed, rssMiB }
}

async function untilNormal(issuer: AttackedIssuer, host: AskingHost, slowestMs: number): Promise<number> {
  const startedMs = performance.now()
  let endMs = startedMs
  for (let inARow = 0; inARow < normalInARow && endMs - startedMs < patienceMs; ) {
    const { times } = await ask(issuer, host, 1)
    const isNormal = (times[0] ?? Number.POSITIVE_INFINITY) <= Math.max(normalMs, slowestMs)
    inARow = isNormal ? inARow + 1 : 0
    if (!isNormal) endMs = performance.now()
  }
  return (endMs - startedMs) / 1_000
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.POSITIVE_INFINITY
}
