import { type Clock, type Instant, isMayflyError } from '@mayfly/ca-core'
import type { Transport, WireResponse } from './transport.ts'

/** What was last seen of one issuer. */
export type IssuerSight =
  | { readonly is: 'reachable' }
  | {
      readonly is: 'away'
      /** Of the first failure in this row. */
      readonly since: Instant
      readonly failures: number
      readonly reason: string
    }

export interface WatchedIssuers {
  /** The transport that was given, which now notes who answers. */
  readonly transport: Transport
  /**
   * Whether each issuer that was asked gave a complete answer to the latest question, whatever it said; by origin
   * (`https://ca.example:8443`).
   */
  sights(): ReadonlyMap<string, IssuerSight>
}

/** Notes which issuers can be reached, from what is said to them anyway. */
export function watchIssuers(transport: Transport, clock: Pick<Clock, 'now'>): WatchedIssuers {
  const sights = new Map<string, IssuerSight>()

  const noteAway = (origin: string, reason: string): void => {
    const before = sights.get(origin)
    const row = before?.is === 'away' ? before : { since: clock.now(), failures: 0 }
    sights.set(origin, { is: 'away', since: row.since, failures: row.failures + 1, reason })
  }

  const note = async (url: string, exchange: Promise<WireResponse>): Promise<WireResponse> => {
    const { origin } = new URL(url)
    try {
      const response = await exchange
      sights.set(origin, { is: 'reachable' })
      return response
    } catch (error) {
      if (isMayflyError(error, 'transport-failed') || isMayflyError(error, 'clock-wrong'))
        noteAway(origin, error.message)
      else sights.set(origin, { is: 'reachable' })
      throw error
    }
  }

  return {
    transport: {
      exchange: (request, trust) => note(request.url, transport.exchange(request, trust)),
      getUnverified: (url, bodyBytesMax) => note(url, transport.getUnverified(url, bodyBytesMax)),
    },
    sights: () => sights,
  }
}
