import { addSeconds, type Instant } from '@mayfly/ca-core'
import type { Change } from '../store/change.ts'
import type { IssuanceRecord } from '../store/issuance-record.ts'
import type { IssuerPorts } from './issuer-ports.ts'

/** Intents that are given up in one transaction. */
const burntAtOnceMax = 500

type RecoverPorts = Pick<IssuerPorts, 'store' | 'clock' | 'trace'>

/**
 * Gives up the intents that an ended process left behind: their serials are burnt, their keys are free for
 * another one. Their certificates, if they were signed at all, were never sent and are lost with the process.
 */
export function recover(ports: RecoverPorts): Promise<readonly IssuanceRecord[]> {
  // Where nobody else may write, whatever is pending at the start is from a process that has ended.
  return ports.store.shared ? burnLapsedIntents(ports) : burnIntents(Number.MAX_SAFE_INTEGER, ports)
}

/** The same for intents that lapsed while this process ran, after an error of the store. */
export function burnLapsedIntents(ports: RecoverPorts): Promise<readonly IssuanceRecord[]> {
  return burnIntents(addSeconds(ports.clock.now(), -ports.store.leaseSeconds), ports)
}

async function burnIntents(intendedBefore: Instant, ports: RecoverPorts): Promise<readonly IssuanceRecord[]> {
  const { store, clock, trace } = ports
  const burnt: IssuanceRecord[] = []
  for (;;) {
    const pending = await store.pendingIntents({ intendedBefore, limit: burntAtOnceMax })
    if (pending.length === 0) return burnt
    const at = clock.now()
    const changes = await Promise.all(pending.map((intent) => burning(intent, at, ports)))
    await store.commit(changes)
    burnt.push(...pending)
    for (const { serial } of pending) trace.step('serial.burnt', { serial })
    if (pending.length < burntAtOnceMax) return burnt
  }
}

async function burning(intent: IssuanceRecord, at: Instant, { store }: RecoverPorts): Promise<Change> {
  const { serial, generation } = intent
  const identity = await store.identity({ id: intent.identityId })
  return {
    at,
    parts: [
      { do: 'burn', serial },
      {
        do: 'append-audit',
        record: {
          at,
          requestId: `burnt-${serial}`,
          action: 'recover',
          actor: { kind: 'issuer' },
          outcome: 'failed',
          reason: 'serial-burnt',
          serial,
          generation,
          ...(identity && { identity: identity.name }),
        },
      },
    ],
  }
}
