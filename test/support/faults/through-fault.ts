import assert from 'node:assert/strict'
import type { StatusAlarm } from '../../../packages/agent/src/status/agent-status.ts'
import type { ServedHost } from '../hosts/served-host.ts'

export interface FaultTrial {
  /** 2. What goes wrong. */
  readonly begin: () => Promise<unknown> | unknown
  /** 3. The sentence that a person reads. */
  readonly alarm: RegExp
  /** 4. Looked at while it is wrong, besides what the port serves. */
  readonly meanwhile?: (alarm: StatusAlarm) => Promise<unknown> | unknown
  /** 5. The cause goes; nobody touches the agent. */
  readonly end: () => Promise<unknown> | unknown
  /** Whether the port answers while it is wrong. Default: yes. */
  readonly isServed?: boolean
}

/**
 * Takes a host through a fault: all is well (1), it goes wrong at a rotation (2), the alarm says what to do (3)
 * while the old certificate is served (4), and the next one is served once the cause is gone (5, 6).
 */
export async function throughFault(host: ServedHost, trial: FaultTrial): Promise<void> {
  const before = await host.settled()
  try {
    await trial.begin()
    await host.wish()
    const alarm = await host.alarm(trial.alarm)
    if (trial.isServed !== false) assert.equal(await host.serial(), before)
    await trial.meanwhile?.(alarm)
  } finally {
    await trial.end()
  }
  assert.notEqual(await host.settled(), before)
}
