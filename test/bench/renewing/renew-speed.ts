import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { cpuMsOf } from '../agents/process-cost.ts'
import { startAttackedIssuer } from '../attack/attacked-issuer.ts'
import { medianOf } from '../cpu-cost.ts'
import type { Bench, Figure } from '../figure.ts'
import { unitEnvironment } from '../unit-environment.ts'
import type { LoadOrder, LoadResult } from './renew-load.ts'
import { requestOf, type SeededHost, seedFleet } from './seeded-fleet.ts'

/** Every host comes from one address here, which the limits would notice. */
const yaml = `
limits:
  connectionsPerAddress: 1000
  address: { perMinute: 1000000, burst: 1000000 }
log: { level: info }
`
/** An answer of the issuer has about as many. */
const answerBytes = 2_600

/** A kind of load, and how many requests a round of it has for each server, so that each has a second or two. */
interface Load {
  readonly connections: LoadOrder['connections']
  readonly atOnce: number
  readonly requests: Readonly<Record<ServerName, number>>
}

/**
 * As many at once as it takes until more of them are not answered faster. On new connections the load itself is at its
 * end with 64. On kept ones the issuer's threads still stand idle a fifth of the time then: its speed would be how
 * long one request takes, and not how many it carries.
 */
const loads: Readonly<Record<Kind, Load>> = {
  fresh: { connections: 'fresh', atOnce: 64, requests: { bare: 1_400, ceiling: 1_400, issuer: 1_400 } },
  kept: { connections: 'kept', atOnce: 256, requests: { bare: 20_000, ceiling: 16_000, issuer: 4_000 } },
}
const kinds = ['fresh', 'kept'] as const

type Kind = (typeof kinds)[number]

/** One server under one kind of load, in one round. */
interface Measured {
  readonly perSecond: number
  /** Of the server's process, all threads. */
  readonly cpuMicrosecondsEach: number
  /** How many processors the server and the load had between them. */
  readonly processors: number
}

/**
 * Signed requests that are minted at once, durable on SQLite, against the same server with an empty core, and
 * against Node's HTTPS server alone. Servers and load are processes of their own, and the servers take turns. What
 * hosts do, keys and signatures, is done before the time runs.
 *
 * `ofCeiling` and `ofBareServer` compare how many are answered in a second. Where the load is what limits both, or
 * other programs use the machine, `cpuOfCeiling` is the truer one: the processor time of the servers for a request.
 */
export const renewSpeed: Bench = {
  async run({ quick, tell }) {
    // The first round warms up: what it calls is compiled by its end, since it is as long as those that count.
    const scale = quick ? { rounds: 3, share: 0.3 } : { rounds: 5, share: 1 }
    const each = kinds.map((kind) => Math.round(loads[kind].requests.issuer * scale.share))
    const count = (1 + scale.rounds) * each.reduce((sum, requests) => sum + requests, 0)
    tell(`writing ${count} identities`)
    let hosts: SeededHost[] = []
    const env = await unitEnvironment('mayfly-issuer.service')
    const issuer = await startAttackedIssuer(
      yaml,
      async (configuration) => {
        hosts = await seedFleet(configuration, count)
      },
      env,
    )
    const ceiling = start('empty-server.ts', [], env)
    const bare = start('bare-server.ts', [String(answerBytes)], env)
    const load = start('renew-load.ts', [])
    try {
      const servers = { issuer, ceiling: await toldOf(ceiling), bare: await toldOf(bare) }
      const measured = await takeTurns(load, servers, scale, {
        tell,
        bodies: (needed) => Promise.all(hosts.splice(-needed).map((host) => requestOf(host, issuer.url))),
      })
      return [
        ...figuresOf('renew.fresh', measured.fresh, 0.7),
        ...figuresOf('renew.keepalive', measured.kept, 0.4),
      ]
    } finally {
      for (const child of [load, ceiling, bare]) if (child.connected) child.disconnect()
      await issuer.stop()
    }
  },
}

const names = ['bare', 'ceiling', 'issuer'] as const

type ServerName = (typeof names)[number]
type Turns = Readonly<Record<Kind, Readonly<Record<ServerName, readonly Measured[]>>>>

async function takeTurns(
  load: ChildProcess,
  servers: Readonly<Record<ServerName, MeasuredServer>>,
  scale: { readonly rounds: number; readonly share: number },
  {
    tell,
    bodies,
  }: {
    readonly tell: (what: string) => void
    readonly bodies: (count: number) => Promise<readonly string[]>
  },
): Promise<Turns> {
  const turns = {
    fresh: { issuer: [] as Measured[], ceiling: [] as Measured[], bare: [] as Measured[] },
    kept: { issuer: [] as Measured[], ceiling: [] as Measured[], bare: [] as Measured[] },
  }
  for (let round = 0; round <= scale.rounds; round++) {
    tell(round === 0 ? 'warming up' : `round ${round} of ${scale.rounds}`)
    for (const kind of kinds) {
      const { connections, atOnce, requests } = loads[kind]
      const many = (name: ServerName): number => Math.round(requests[name] * scale.share)
      // The issuer signs for each of them once; the others do not look at what they are asked.
      const ready = await bodies(many('issuer'))
      for (const name of names) {
        const order = { bodies: ready, requests: many(name), atOnce, connections }
        const result = await measure(load, servers[name], order)
        if (round > 0) turns[kind][name].push(result)
      }
    }
  }
  return turns
}

interface MeasuredServer {
  readonly port: number
  readonly pid: number
}

/** Where a server listens that was just started. */
async function toldOf(child: ChildProcess): Promise<MeasuredServer> {
  const { port } = await tellOf<{ port: number }>(child)
  return { port, pid: child.pid ?? 0 }
}

function start(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const path = fileURLToPath(new URL(program, import.meta.url))
  return fork(path, [...args], {
    execArgv: ['-C', 'source'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  })
}

/** What the process says next; throws where it ends instead. */
async function tellOf<Told>(child: ChildProcess): Promise<Told> {
  const over = new AbortController()
  const ended = once(child, 'exit', { signal: over.signal }).then(([code]) => {
    throw new Error(`a process of the bench ended with ${code}`)
  })
  try {
    const [told] = await Promise.race([once(child, 'message', { signal: over.signal }), ended])
    return told as Told
  } finally {
    over.abort()
  }
}

async function measure(
  load: ChildProcess,
  { port, pid }: MeasuredServer,
  order: Omit<LoadOrder, 'port'>,
): Promise<Measured> {
  load.send({ ...order, port })
  await tellOf<'ready'>(load)
  const before = await cpuMsOf(pid)
  load.send('begin')
  const result = await tellOf<LoadResult>(load)
  const cpuMs = (await cpuMsOf(pid)) - before
  if (result.refusal !== undefined) throw new Error(`a request was refused: ${result.refusal}`)
  return {
    perSecond: result.answered / result.seconds,
    cpuMicrosecondsEach: (1_000 * cpuMs) / result.answered,
    processors: (cpuMs + result.cpuMs) / (1_000 * result.seconds),
  }
}

function figuresOf(
  name: string,
  { issuer, ceiling, bare }: Readonly<Record<ServerName, readonly Measured[]>>,
  aim: number,
): Figure[] {
  const rateOf = (rounds: readonly Measured[]): number => medianOf(rounds.map(({ perSecond }) => perSecond))
  const cpuOf = (rounds: readonly Measured[]): number =>
    medianOf(rounds.map(({ cpuMicrosecondsEach }) => cpuMicrosecondsEach))
  const processors = medianOf(issuer.map((round) => round.processors))
  const ratioTo = (limit: readonly Measured[]): number =>
    medianOf(issuer.map(({ perSecond }, round) => perSecond / (limit[round]?.perSecond ?? Number.NaN)))
  return [
    { name: `${name}.ofCeiling`, value: ratioTo(ceiling), unit: 'ratio', aim: { atLeast: aim } },
    { name: `${name}.ofBareServer`, value: ratioTo(bare), unit: 'ratio' },
    { name: `${name}.perSecond`, value: rateOf(issuer), unit: 'per second' },
    { name: `${name}.cpuOfCeiling`, value: cpuOf(ceiling) / cpuOf(issuer), unit: 'ratio' },
    { name: `${name}.cpuMicroseconds`, value: cpuOf(issuer), unit: 'µs of the issuer for each' },
    { name: `${name}.processors`, value: processors, unit: 'at work, the load among them' },
  ]
}
