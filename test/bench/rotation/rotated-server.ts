import type { ProbeEndpoint } from '../../../packages/agent/src/probing/endpoint.ts'
import type { ReloadConfiguration } from '../../../packages/agent/src/servers/reload-configuration.ts'
import type { TestHost, TestHostOptions } from '../../support/rotation.ts'
import type { Calls } from './calls.ts'

/** A real server that is rotated while it is called. */
export interface RotatedServer {
  readonly name: string
  /**
   * Whether it opens a new listening socket at each reload: connections that wait at the old one are then
   * refused by the system, whoever reloads it. For any other server a refused connection is a failure.
   */
  readonly opensPortAnew?: boolean
  hostOptions(): Promise<TestHostOptions>
  /** Starts it on a host that has its first generation. */
  start(host: TestHost): Promise<RunningServer>
}

export interface RunningServer {
  readonly reload: ReloadConfiguration
  readonly endpoint: ProbeEndpoint
  startCalls(): Calls
  stop(): Promise<void>
}

export const serverName = 'web-1.example'
