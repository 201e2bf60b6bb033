import type { Random } from '@mayfly/ca-core'

/** Tells the caller under which id the log and the audit know its request. */
export const requestIdHeader = 'x-request-id'

/** Never taken from the caller: an id from outside could point to someone else's records. */
export function newRequestId(random: Random): string {
  return Buffer.from(random.bytes(16)).toString('hex')
}
