import type { PostgresHost } from './postgres-url.ts'

/** The members of a cluster, of which one at a time is tried and kept for as long as it serves. */
export class HostRing {
  readonly #hosts: readonly PostgresHost[]
  #index = 0

  constructor(hosts: readonly [PostgresHost, ...PostgresHost[]]) {
    this.#hosts = hosts
  }

  get current(): PostgresHost {
    return this.#hosts[this.#index] as PostgresHost
  }

  /** Turns to the next one, unless another caller has done so since. */
  leave(host: PostgresHost): void {
    if (host === this.current) this.#index = (this.#index + 1) % this.#hosts.length
  }
}
