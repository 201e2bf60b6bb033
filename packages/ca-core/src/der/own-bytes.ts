/**
 * Requests and certificates are some hundred bytes each. A buffer of its own for each of them costs more than
 * filling it: it is allocated outside the heap and has to be collected by itself.
 */
const slabBytes = 65_536
const ownedBytesMax = 8_192
let slab = new ArrayBuffer(slabBytes)
let used = 0

/** A copy that nobody else has: the buffer behind the input may be written to again by its owner. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  const { length } = bytes
  if (length > ownedBytesMax) return new Uint8Array(bytes)
  if (used + length > slabBytes) {
    slab = new ArrayBuffer(slabBytes)
    used = 0
  }
  const own = new Uint8Array(slab, used, length)
  own.set(bytes)
  used += length
  return own
}
