import { type Clock, type Instant, isMayflyError } from '@mayfly/ca-core'
import type { Transport, WireResponse } from './transport.ts'

/** What was last seen of one issuer. */
export type IssuerSight = { readonly refused?: RefusedCertificate } & (
  | { readonly is: 'reachable' }
  | {
      readonly is: 'away'
      /** Of the first failure in this row. */
      readonly since: Instant
      readonly failures: number
      readonly reason: string
    }
)

/** The newest certificate that it gave is of no use. */
export interface RefusedCertificate {
  /** Of the first in this row. */
  readonly since: Instant
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
  /** Notes that a certificate of the issuer at `url` was refused, for `reason`; or, without one, that it was good. */
  noteCertificate(url: string, reason?: string): void
}

/** Notes which issuers can be reached, from what is said to them anyway. */
export function watchIssuers(transport: Transport, clock: Pick<Clock, 'now'>): WatchedIssuers {
  const sights = new Map<string, IssuerSight>()
  const refused = new Map<string, RefusedCertificate>()

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
    sights: () =>
      new Map([...sights].map(([origin, sight]) => [origin, withRefused(sight, refused.get(origin))])),
    noteCertificate(url, reason) {
      const { origin } = new URL(url)
      if (reason === undefined) refused.delete(origin)
      else refused.set(origin, { since: refused.get(origin)?.since ?? clock.now(), reason })
    },
  }
}

function withRefused(sight: IssuerSight, refused: RefusedCertificate | undefined): IssuerSight {
  return refused === undefined ? sight : { ...sight, refused }
}
