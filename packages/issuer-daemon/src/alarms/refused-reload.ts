import { formatInstant, type Instant } from '@mayfly/ca-core'

/** Why what is on disk is not in use. */
export interface RefusedReload {
  /** When the first reload of this trouble was refused. */
  readonly since: Instant
  readonly message: string
}

/** What the alarm says. */
export function describeRefusedReload({ since, message }: RefusedReload): string {
  return (
    `A reload is refused since ${formatInstant(since)}, and what was in use before goes on: ` +
    `${message.replace(/\.$/, '')}. Once that is mended it is taken up by itself, at the next sweep at the latest.`
  )
}
