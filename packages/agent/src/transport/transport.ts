import type { TrustBundle } from '@mayfly/ca-core'

export interface WireRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** A longer answer is cut off and refused. */
  readonly bodyBytesMax: number
}

export interface WireResponse {
  readonly status: number
  /** Lower-case names; of a repeated header the first value. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/**
 * Messages to an issuer and back, as a port: a virtual network takes its place in simulations.
 * Both methods follow no redirect, and throw `transport-failed` where no complete answer came in time and
 * `answer-invalid` where the answer is too long.
 */
export interface Transport {
  /** Over TLS 1.3 to a peer that `trust` vouches for, under the name in the URL; to nobody else a byte is sent. */
  exchange(request: WireRequest, trust: TrustBundle): Promise<WireResponse>
  /**
   * Without knowing whom one speaks to: only for a host that has no trust bundle yet, to get one that proves
   * itself. Nothing but the URL is sent.
   */
  getUnverified(url: string, bodyBytesMax: number): Promise<WireResponse>
}
