import { lockFile, nodeFileSystem, nodeProcessRunner, systemClock, systemRandom } from '@mayfly/platform'
import type { AgentPorts } from './agent-ports.ts'
import { type ClosableTransport, openTransport } from './transport/https-transport.ts'

export interface LocalPorts extends AgentPorts {
  readonly transport: ClosableTransport
}

/** This machine. The transport is to be closed at the end. */
export function localPorts(): LocalPorts {
  return {
    clock: systemClock,
    random: systemRandom,
    fileSystem: nodeFileSystem,
    processRunner: nodeProcessRunner,
    transport: openTransport(() => systemClock.now()),
    trace: { step: () => undefined },
    lock: lockFile,
  }
}
