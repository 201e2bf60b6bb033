import type { Random } from '@mayfly/ca-core'

/** Tells the caller under which id the log and the audit know its request. */
export const requestIdHeader = 'x-request-id'

/** In 10^9 requests hardly two are the same, and each is in the audit with every byte: nothing in it can be packed. */
const requestIdBytes = 8

/** Never taken from the caller: an id from outside could point to someone else's records. */
export function newRequestId(random: Random): string {
  const { buffer, byteOffset, length } = random.bytes(requestIdBytes)
  return Buffer.from(buffer, byteOffset, length).toString('hex')
}
