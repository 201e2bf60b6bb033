import { randomBytes } from 'node:crypto'
import type { Random } from '@mayfly/ca-core'

/** The operating system's generator, through OpenSSL. */
export const systemRandom: Random = {
  bytes(count: number): Uint8Array {
    return new Uint8Array(randomBytes(count))
  },
}
