import type { Clock } from '@mayfly/ca-core'
import { formatEndpoint, type ProbeEndpoint } from './endpoint.ts'
import { type ProbeOptions, probeEndpoint } from './probe-endpoint.ts'
import type { ProbeResult, ServedResult } from './probe-result.ts'

export interface ProbeGoal extends ProbeOptions {
  readonly endpoints: readonly ProbeEndpoint[]
  /** The serial that every endpoint must serve. */
  readonly expectedSerial: string
  readonly clock: Clock
  readonly signal?: AbortSignal
  /** Default: `probeLimitMs`. */
  readonly limitMs?: number
  /** Whether there is nothing to wait for any more, asked where an endpoint is not right. */
  readonly isInVain?: () => Promise<boolean>
  /** Takes the place of a real look, where the network is simulated. */
  readonly probe?: typeof probeEndpoint
}

export type ProbeVerdict =
  | {
      readonly outcome: 'served'
      readonly results: readonly ServedResult[]
      readonly rounds: number
      /** From the first look to the first at which every endpoint was right, in milliseconds. */
      readonly servedAfterMs: number
      /** What does not hold up a rotation and should be mended all the same. */
      readonly warnings: readonly string[]
    }
  | {
      readonly outcome: 'not-served'
      readonly results: readonly ProbeResult[]
      readonly rounds: number
      readonly problems: readonly ProbeProblem[]
      /** One sentence for each endpoint that is not right, with what to do. */
      readonly message: string
    }

export interface ProbeProblem {
  readonly endpoint: ProbeEndpoint
  readonly because: 'other-serial' | Extract<ProbeResult, { outcome: 'failed' }>['because']
  readonly message: string
}

/** Reloading takes nginx 0.2 s, and a busy server some seconds. */
export const probeLimitMs = 20_000
/** The first pauses are short, so that a rotation is seen soon after it has happened. */
const pausesMs = [50, 100, 200, 400, 800] as const
const lastPauseMs = 1_500
/**
 * A server with several processes serves old and new side by side for a moment: nginx lets the old
 * workers go on for 100 ms after it has started new ones. One look may well meet a new one.
 */
const agreeingRounds = 3
const agreeingPauseMs = 100

/**
 * Looks at every endpoint again and again until all of them serve the expected serial, in some rounds
 * after each other, or until the limit has passed. Rejects only if `signal` is aborted.
 */
export async function probeUntil(goal: ProbeGoal): Promise<ProbeVerdict> {
  const begun = goal.clock.monotonic()
  const limitMs = goal.limitMs ?? probeLimitMs
  let agreedSince: number | undefined
  let agreed = 0
  for (let rounds = 1; ; rounds++) {
    const results = await lookAtAll(goal)
    const elapsedMs = goal.clock.monotonic() - begun
    const problems = problemsOf(results, goal.expectedSerial)
    agreed = problems.length === 0 ? agreed + 1 : 0
    agreedSince = agreed === 1 ? elapsedMs : agreedSince
    if (agreed === agreeingRounds || goal.endpoints.length === 0)
      return servedVerdict(results, rounds, agreedSince ?? 0)
    const pauseMs = agreed > 0 ? agreeingPauseMs : (pausesMs[rounds - 1] ?? lastPauseMs)
    if (agreed === 0 && (elapsedMs + pauseMs > limitMs || (await goal.isInVain?.()) === true))
      return { outcome: 'not-served', results, rounds, problems, message: messageOf(problems) }
    await goal.clock.sleep(pauseMs, goal.signal)
  }
}

function lookAtAll({
  endpoints,
  probe = probeEndpoint,
  bundle,
  clientMaterial,
}: ProbeGoal): Promise<ProbeResult[]> {
  const options = {
    bundle,
    ...(clientMaterial !== undefined && { clientMaterial }),
  }
  return Promise.all(endpoints.map((endpoint) => probe(endpoint, options)))
}

function problemsOf(results: readonly ProbeResult[], expectedSerial: string): ProbeProblem[] {
  return results.map((result) => problemOf(result, expectedSerial)).filter((problem) => problem !== undefined)
}

function messageOf(problems: readonly ProbeProblem[]): string {
  return problems.map((problem) => problem.message).join(' ')
}

function servedVerdict(results: readonly ProbeResult[], rounds: number, servedAfterMs: number): ProbeVerdict {
  const served = results.filter((result) => result.outcome === 'served')
  return { outcome: 'served', results: served, rounds, servedAfterMs, warnings: served.flatMap(warningOf) }
}

function problemOf(result: ProbeResult, expectedSerial: string): ProbeProblem | undefined {
  if (result.outcome === 'failed') {
    return { endpoint: result.endpoint, because: result.because, message: result.message }
  }
  if (result.serial === expectedSerial) return undefined
  const message =
    `${formatEndpoint(result.endpoint)}: the server still serves ${result.serial} and not ${expectedSerial}; ` +
    'see its log for why it did not load the new files, and whether it reads them from the live folder.'
  return { endpoint: result.endpoint, because: 'other-serial', message }
}

/** The right leaf that clients refuse nonetheless: most often the chain was left out. */
function warningOf({ endpoint, handshake, trust }: ServedResult): string[] {
  if (trust.ok || handshake === 'cut') return []
  return [
    `${formatEndpoint(endpoint)}: the certificate is served, but clients will refuse it: ${trust.reason}. ` +
      'See whether the server reads fullchain.pem (not cert.pem), and which name is probed.',
  ]
}
