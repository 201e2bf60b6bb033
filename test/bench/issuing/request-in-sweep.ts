import { setTimeout as sleep } from 'node:timers/promises'
import { endpointPaths, endpointUrl } from '@mayfly/ca-core'
import type { IssuingAuthority } from '../../../packages/issuer-daemon/src/issuing/intermediates/issuing-authority.ts'
import { attempted } from '../../../packages/issuer-daemon/test/support/issuer-kit.ts'
import { percentileOf } from '../cpu-cost.ts'
import type { Figure } from '../figure.ts'
import { requestOf, type SeededHost, seedHosts } from '../renewing/seeded-fleet.ts'
import { type FilledIssuer, fillIssuer } from './sweep-bench.ts'

/** Hosts that renew one after the other while the sweep runs. */
const hostsMax = 1_000

const askEveryMs = 50

/** Signed a little ahead: five minutes is how long a request is valid. */
const signedAhead = 20

/**
 * How long a renewal that is minted at once waits while everything else is swept: from the moment at which it was to
 * be asked, so that an event loop that is kept counts, to the moment at which it is answered.
 */
export async function* requestsInSweep(
  count: number,
  authority: IssuingAuthority,
  tell: (what: string) => void,
): AsyncGenerator<Figure> {
  tell(`filling a store with ${count} identities, to ask while they are swept`)
  const filled = await fillIssuer(count, authority)
  try {
    const names = Array.from({ length: hostsMax }, (_, index) => `asking-${index}`)
    const hosts = await seedHosts(filled.store, filled.ports, names)
    await filled.sweep(0.02)
    const sweeping = new AbortController()
    const asking = askWhile(filled, hosts, sweeping.signal)
    await filled.sweep(1)
    sweeping.abort()
    const waitsMs = await asking
    yield {
      name: 'sweep.requests',
      value: waitsMs.length,
      unit: 'renewals while it ran, one after the other',
    }
    yield { name: 'sweep.requestMs.p50', value: percentileOf(waitsMs, 50), unit: 'ms' }
    yield { name: 'sweep.requestMs.p99', value: percentileOf(waitsMs, 99), unit: 'ms', aim: { atMost: 200 } }
  } finally {
    await filled.close()
  }
}

async function askWhile(
  { issuer, ports }: FilledIssuer,
  hosts: readonly SeededHost[],
  signal: AbortSignal,
): Promise<number[]> {
  const { issuerUrl } = ports.policy
  const url = endpointUrl(issuerUrl, endpointPaths.requests)
  const waitsMs: number[] = []
  const signed: string[] = []
  const waiting = [...hosts]
  while (!signal.aborted) {
    while (signed.length < signedAhead) {
      const host = waiting.pop()
      if (host === undefined) break
      signed.push(await requestOf(host, issuerUrl))
    }
    const body = signed.shift()
    if (body === undefined) break
    const dueMs = performance.now() + askEveryMs
    await sleep(askEveryMs)
    await attempted(issuer, 'request', '192.0.2.9', async (attempt) =>
      issuer.submitRequest(
        await issuer.authenticateRequest(JSON.parse(body), url, { address: '192.0.2.9' }),
        attempt,
      ),
    )
    waitsMs.push(performance.now() - dueMs)
  }
  return waitsMs
}
