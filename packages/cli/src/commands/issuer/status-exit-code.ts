import type { AdminOptions } from '../admin.ts'
import { monitoringExitCodes } from '../perform.ts'

export interface IssuerStatusOptions extends AdminOptions {
  readonly json?: boolean
}

/** An issuer that does not answer, or cannot reach its store. */
const down: readonly unknown[] = ['transport-failed', 'store-unavailable']

/** An issuer that is down is as urgent as can be; anything else cannot be judged from here. */
export function statusErrorExitCode(error: unknown): number {
  const isDown = error instanceof Error && 'code' in error && down.includes(error.code)
  return isDown ? monitoringExitCodes.critical : monitoringExitCodes.unknown
}
