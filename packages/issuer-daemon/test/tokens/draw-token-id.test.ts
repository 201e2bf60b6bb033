import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Random } from '@mayfly/ca-core'
import { drawTokenId } from '../../src/tokens/draw-token-id.ts'

/** Its bytes are all `byte`. */
const all = (byte: number): Random => ({ bytes: (count) => new Uint8Array(count).fill(byte) })

test('the id of a token, whatever is drawn → 22 characters of base64url, a letter first: no command takes it as an option', () => {
  const ids = Array.from({ length: 256 }, (_, byte) => drawTokenId(all(byte)))
  for (const id of ids) assert.match(id, /^[A-Za-z][\w-]{21}$/)
  assert.equal(new Set(ids).size, 256, 'every byte counts')
})
