import { createHash } from 'node:crypto'

/** The orders of P-256 and P-384, by the DER of the algorithm with which a root of Mayfly signs (SEC 2, 2.4.2, 2.5.1). */
const orderByAlgorithm: ReadonlyMap<string, bigint> = new Map([
  ['300a06082a8648ce3d040302', 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n],
  [
    '300a06082a8648ce3d040303',
    0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  ],
])

/**
 * SHA-256 of a certificate that OpenSSL has read, with the other of its two signatures: (r, s) and (r, n − s) verify
 * alike, so whoever holds the certificate can give it another fingerprint. Undefined where there is only one.
 */
export function twinFingerprint(der: Uint8Array): string | undefined {
  const [tbs, algorithm, bits] = elementsOf(contentOf(der))
  const order = algorithm && orderByAlgorithm.get(Buffer.from(algorithm).toString('hex'))
  if (tbs === undefined || algorithm === undefined || bits === undefined || order === undefined)
    return undefined
  // Behind the number of unused bits, which is none.
  const [r, s] = elementsOf(contentOf(contentOf(bits).subarray(1)))
  if (r === undefined || s === undefined) return undefined
  const other = order - BigInt(`0x${Buffer.from(contentOf(s)).toString('hex')}`)
  if (other <= 0n) return undefined
  const signature = wrap(0x30, r, wrap(0x02, unsigned(other)))
  const twin = wrap(0x30, tbs, algorithm, wrap(0x03, Uint8Array.of(0), signature))
  return createHash('sha256').update(twin).digest('hex')
}

function unsigned(value: bigint): Uint8Array {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Uint8Array.of(0), bytes])
}

function wrap(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.concat(content)
  if (bytes.length < 0x80) return Buffer.concat([Uint8Array.of(tag, bytes.length), bytes])
  const hex = bytes.length.toString(16)
  const length = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return Buffer.concat([Uint8Array.of(tag, 0x80 | length.length), length, bytes])
}

/** Where the content of a DER element begins, and where it ends. */
function boundsOf(der: Uint8Array, at: number): readonly [begin: number, end: number] {
  const first = der[at + 1] ?? 0
  if (first < 0x80) return [at + 2, at + 2 + first]
  const count = first & 0x7f
  const begin = at + 2 + count
  const length = der.subarray(at + 2, begin).reduce((sum, byte) => sum * 256 + byte, 0)
  return [begin, begin + length]
}

function contentOf(der: Uint8Array): Uint8Array {
  return der.subarray(...boundsOf(der, 0))
}

/** The elements in a content, each whole. */
function elementsOf(content: Uint8Array): Uint8Array[] {
  const elements: Uint8Array[] = []
  for (let at = 0; at < content.length; ) {
    const [, end] = boundsOf(content, at)
    elements.push(content.subarray(at, end))
    at = end
  }
  return elements
}
