import type { AdminOptions } from '../admin.ts'
import { monitoringExitCodes } from '../perform.ts'

export interface IssuerStatusOptions extends AdminOptions {
  readonly json?: boolean
}

/** An issuer that does not answer is as urgent as can be; anything else cannot be judged from here. */
export function statusErrorExitCode(error: unknown): number {
  const isDown = error instanceof Error && 'code' in error && error.code === 'transport-failed'
  return isDown ? monitoringExitCodes.critical : monitoringExitCodes.unknown
}
