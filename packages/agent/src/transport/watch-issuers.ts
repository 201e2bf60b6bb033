import { isMayflyError } from '@mayfly/ca-core'
import type { Transport, WireResponse } from './transport.ts'

export interface WatchedIssuers {
  /** The transport that was given, which now notes who answers. */
  readonly transport: Transport
  /** Whether each issuer that was asked gave a complete answer to the latest question, whatever it said. */
  reachable(): ReadonlyMap<string, boolean>
}

/** Notes which issuers can be reached, from what is said to them anyway. */
export function watchIssuers(transport: Transport): WatchedIssuers {
  const reachable = new Map<string, boolean>()

  const note = async (url: string, exchange: Promise<WireResponse>): Promise<WireResponse> => {
    const { origin } = new URL(url)
    try {
      const response = await exchange
      reachable.set(origin, true)
      return response
    } catch (error) {
      reachable.set(origin, !isMayflyError(error, 'transport-failed'))
      throw error
    }
  }

  return {
    transport: {
      exchange: (request, trust) => note(request.url, transport.exchange(request, trust)),
      getUnverified: (url, bodyBytesMax) => note(url, transport.getUnverified(url, bodyBytesMax)),
    },
    reachable: () => reachable,
  }
}
