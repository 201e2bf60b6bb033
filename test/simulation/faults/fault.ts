import type { Instant } from '@mayfly/ca-core'
import { formatDuration } from '../format-duration.ts'

/** Named steps of the issuer after which a crash may come. */
export const issuerSteps = [
  'request.accepted',
  'intent.recorded',
  'signed',
  'certificate.recorded',
  'sweep.started',
] as const
export type IssuerStep = (typeof issuerSteps)[number]

interface Lasting {
  readonly from: Instant
  readonly to: Instant
}

interface OnHost extends Lasting {
  readonly host: string
}

/** One thing that goes wrong, planned. Whether it was felt is seen in the evidence. */
export type Fault =
  /** Nobody reaches the issuer. */
  | ({ readonly kind: 'issuer-away' } & Lasting)
  /** Its process ends at the next step of that name, and starts again on the same store. */
  | ({ readonly kind: 'issuer-crash'; readonly step: IssuerStep } & Lasting)
  /** Its disk takes no writes. */
  | ({ readonly kind: 'issuer-disk' } & Lasting)
  /** Whatever stands before it cuts answers in half, or answers in its place. */
  | ({ readonly kind: 'issuer-garbled' } & Lasting)
  | ({ readonly kind: 'issuer-clock'; readonly aheadMs: number } & Lasting)
  /** Many messages are lost, late or doubled. */
  | ({ readonly kind: 'bad-network' } & Lasting)
  /** All machines at once are without power. */
  | ({ readonly kind: 'site-power' } & Lasting)
  | ({ readonly kind: 'host-network' } & OnHost)
  /** The agent ends before that many more operations on the disk; with `power` the whole machine does. */
  | ({ readonly kind: 'agent-crash'; readonly operation: number; readonly power: boolean } & OnHost)
  | ({ readonly kind: 'host-asleep' } & OnHost)
  | ({ readonly kind: 'host-disk' } & OnHost)
  | ({ readonly kind: 'host-clock'; readonly aheadMs: number } & OnHost)
  | ({ readonly kind: 'reload-fails' } & OnHost)
  /** The reload says that it has worked, and the server keeps the old certificate. */
  | ({ readonly kind: 'reload-ignored' } & OnHost)
  | ({ readonly kind: 'server-down' } & OnHost)
  /** The server is started on the certificate that it had before, and says nothing. */
  | ({ readonly kind: 'server-set-back' } & OnHost)

export type FaultKind = Fault['kind']

export function hostOf(fault: Fault): string | undefined {
  return 'host' in fault ? fault.host : undefined
}

/** The fault as a person reads it. */
export function describeFault(fault: Fault): string {
  const lasting = `for ${formatDuration(fault.to - fault.from)}`
  switch (fault.kind) {
    case 'issuer-crash':
      return `will be killed after ${fault.step}, and be down ${lasting}`
    case 'agent-crash':
      return `${fault.power ? 'loses power' : 'the agent is killed'} before operation ${fault.operation}, down ${lasting}`
    case 'issuer-clock':
    case 'host-clock':
      return `clock is set ${formatDuration(Math.abs(fault.aheadMs))} ${fault.aheadMs < 0 ? 'back' : 'forward'} ${lasting}`
    case 'server-set-back':
      return 'the server is started on its certificate of before'
    default:
      return `${fault.kind} ${lasting}`
  }
}
