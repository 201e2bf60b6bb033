import type { DerElement } from './der-element.ts'
import { derInvalid } from './der-invalid.ts'
import { oidBytesMax } from './der-limits.ts'
import { derTags } from './der-tags.ts'

/**
 * An OBJECT IDENTIFIER as dotted numbers. Arcs are read as whole numbers and bounded, because
 * readers that cut them to 32 bits took one identifier for another (node-forge CVE-2025-66030).
 */
export function oidOf(element: DerElement): string {
  if (element.tag !== derTags.oid) throw derInvalid('something else where an object identifier belongs')
  const { content } = element
  if (content.length === 0 || content.length > oidBytesMax)
    throw derInvalid('an object identifier of a wrong length')
  if ((content.at(-1) ?? 0) >= 0x80) throw derInvalid('an object identifier that ends early')
  const arcs: number[] = []
  let arc = 0
  let started = false
  for (const byte of content) {
    // X.690 8.19.2: the leading octet of a subidentifier is not 80.
    if (!started && byte === 0x80) throw derInvalid('an object identifier that is not minimal')
    arc = arc * 128 + (byte & 0x7f)
    if (!Number.isSafeInteger(arc)) throw derInvalid('an object identifier with an arc that is too large')
    started = byte >= 0x80
    if (!started) {
      arcs.push(arc)
      arc = 0
    }
  }
  const [first = 0, ...rest] = arcs
  const root = Math.min(Math.floor(first / 40), 2)
  return [root, first - root * 40, ...rest].join('.')
}

/** The content octets of an identifier written as dotted numbers. */
export function oidContent(dotted: string): Uint8Array {
  const [root = Number.NaN, second = Number.NaN, ...rest] = dotted.split('.').map(Number)
  const arcs = [root * 40 + second, ...rest]
  if (!arcs.every((arc) => Number.isSafeInteger(arc) && arc >= 0))
    throw new TypeError(`no object identifier: ${dotted}`)
  return Uint8Array.from(arcs.flatMap(base128))
}

function base128(arc: number): number[] {
  const octets = [arc % 128]
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128))
    octets.unshift((rest % 128) | 0x80)
  return octets
}
