import { type Clock, formatInstant, secondMs } from '@mayfly/ca-core'
import { formatEndpoint, type ProbeEndpoint } from './endpoint.ts'
import { type ProbeOptions, probeEndpoint } from './probe-endpoint.ts'
import type { FailedResult, ProbeResult } from './probe-result.ts'

/** What the live ports are seen to serve, when nothing was done to them. */
export type PortsSight =
  | { readonly is: 'served' }
  /** A port serves something else. One sentence for each port that does, with what to do. */
  | { readonly is: 'other'; readonly message: string }
  /** Nothing else is served, but not every port answers: perhaps somebody has stopped the server. */
  | { readonly is: 'down'; readonly message: string }

export interface LookOptions extends ProbeOptions {
  readonly endpoints: readonly ProbeEndpoint[]
  /** The serial that every endpoint should serve. */
  readonly expectedSerial: string
  readonly clock: Pick<Clock, 'sleep'>
  /** Takes the place of a real look, in tests. */
  readonly probe?: typeof probeEndpoint
}

/** A server that is just being started or reloaded by somebody is looked at again, and so is one that had no time. */
const roundsMax = 3
const pauseMs = 2 * secondMs

/** Nobody answers there: that says nothing of certificates. What stands before a stopped server may take the connection and close it. */
const silence: readonly FailedResult['because'][] = [
  'refused',
  'unresolved',
  'unreachable',
  'timeout',
  'closed',
]

/** Looks at every endpoint once; where one is not right, up to twice more. Never throws. */
export async function lookAtPorts(options: LookOptions): Promise<PortsSight> {
  const { endpoints, probe = probeEndpoint, clock } = options
  for (let round = 1; ; round++) {
    const results = await Promise.all(endpoints.map((endpoint) => probe(endpoint, options)))
    const sight = sightOf(results, options.expectedSerial)
    if (sight.is === 'served' || round === roundsMax) return sight
    await clock.sleep(pauseMs)
  }
}

function sightOf(results: readonly ProbeResult[], expectedSerial: string): PortsSight {
  const others: string[] = []
  const silent: string[] = []
  for (const result of results) {
    if (result.outcome === 'served') {
      if (result.serial !== expectedSerial) others.push(otherSentence(result, expectedSerial))
    } else if (silence.includes(result.because)) silent.push(result.message)
    else others.push(result.message)
  }
  if (others.length > 0) return { is: 'other', message: others.join(' ') }
  return silent.length > 0 ? { is: 'down', message: silent.join(' ') } : { is: 'served' }
}

function otherSentence(
  { endpoint, serial, notAfter }: Extract<ProbeResult, { outcome: 'served' }>,
  expectedSerial: string,
): string {
  return (
    `${formatEndpoint(endpoint)}: the server now serves ${serial}, which ends at ${formatInstant(notAfter)}, and not ` +
    `${expectedSerial}, as it did; see whether it was started with other files, and whether it reads them from the live folder.`
  )
}
