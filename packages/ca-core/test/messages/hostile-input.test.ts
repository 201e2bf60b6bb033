import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  MayflyError,
  parseEnrolmentBody,
  parseIssuerAnswer,
  parseProblem,
  readEnrolmentToken,
  readRequestHeader,
  readTrustBundle,
} from '../../src/index.ts'

/** Values that look like our messages from afar: our member names, anybody's values. */
const members = ['protected', 'payload', 'signature', 'token', 'csr', 'status', 'report', 'keys', '__proto__']
const encodedJson = fc.json().map((text) => Buffer.from(text).toString('base64url'))
const value = fc.oneof(fc.anything(), encodedJson)
const message = fc.oneof(fc.anything(), fc.dictionary(fc.constantFrom(...members), value))

async function assertOnlyMayflyErrors(read: () => unknown): Promise<void> {
  try {
    await read()
  } catch (error) {
    assert.ok(error instanceof MayflyError, `${error}`)
  }
}

test('a crash from a crafted field: messages with anything at all → read, or refused with a code', async () => {
  await fc.assert(
    fc.asyncProperty(message, async (any) => {
      for (const read of [parseEnrolmentBody, parseIssuerAnswer, parseProblem, readRequestHeader]) {
        await assertOnlyMayflyErrors(() => read(any))
      }
    }),
    { numRuns: 1_000 },
  )
})

test('texts: anything at all → read, or refused with a code', async () => {
  const json = fc.dictionary(fc.constantFrom(...members), encodedJson).map((any) => JSON.stringify(any))
  const jwt = fc.tuple(encodedJson, encodedJson, encodedJson).map((parts) => parts.join('.'))
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.json(), json, jwt), async (text) => {
      await assertOnlyMayflyErrors(() => readTrustBundle(text))
      await assertOnlyMayflyErrors(() => readEnrolmentToken(text))
    }),
    { numRuns: 1_000 },
  )
})
