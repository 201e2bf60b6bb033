import { randomFillSync } from 'node:crypto'
import type { Random } from '@mayfly/ca-core'

/** Asking the generator costs as much for a page as for a serial number. */
const poolBytes = 4_096
const pool = new Uint8Array(poolBytes)
let used = poolBytes

/** The operating system's generator, through OpenSSL. No byte is given out twice, or kept once it was given. */
export const systemRandom: Random = {
  bytes(count: number): Uint8Array {
    if (count > poolBytes) return randomFillSync(new Uint8Array(count))
    if (used + count > poolBytes) {
      randomFillSync(pool)
      used = 0
    }
    const drawn = pool.slice(used, used + count)
    pool.fill(0, used, used + count)
    used += count
    return drawn
  },
}
