import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod'
import {
  canonicalIssuerUrl,
  decodeBase64url,
  encodeBase64url,
  endpointPaths,
  endpointUrl,
  MayflyError,
  parseEnrolmentBody,
  parseIssuerAnswer,
  parseMessage,
  parseProblem,
  problemType,
} from '../../src/index.ts'

const report = {
  version: '0.1.0',
  bundleSequence: 1,
  generation: 7,
  servedSerials: ['0a0b'],
  clockOffsetSeconds: -0.2,
}

const issued = {
  status: 'issued',
  serial: '0a0b',
  generation: 1,
  chain: '-----BEGIN CERTIFICATE-----',
  notAfter: '2026-01-02T00:00:00.000Z',
  renewAt: '2026-01-01T12:00:00.000Z',
  bundleSequence: 1,
}

const refusal = (code: string) => (error: unknown) => error instanceof MayflyError && error.code === code

test('enrolment body: well formed → read, with and without a report', () => {
  assert.deepEqual(parseEnrolmentBody({ token: 't', csr: 'AQ', report }), { token: 't', csr: 'AQ', report })
  assert.deepEqual(parseEnrolmentBody({ token: 't', csr: 'AQ' }), { token: 't', csr: 'AQ' })
})

for (const [what, body] of Object.entries({
  'no object': 'text',
  'a missing member': { token: 't' },
  'an unknown member': { token: 't', csr: 'AQ', names: ['dns:evil.example'] },
  'a csr in another alphabet': { token: 't', csr: 'A+Q=' },
  'an endless csr': { token: 't', csr: 'A'.repeat(30_000) },
  'a report with an unknown member': { token: 't', csr: 'AQ', report: { ...report, key: 'x' } },
  'a report of undefined': { token: 't', csr: 'AQ', report: undefined },
  'a serial with a line break': { token: 't', csr: 'AQ', report: { ...report, servedSerials: ['0a\n0b'] } },
  'a version that would break a log line': { token: 't', csr: 'AQ', report: { ...report, version: '1\n2' } },
  'more served serials than ports': {
    token: 't',
    csr: 'AQ',
    report: { ...report, servedSerials: Array.from({ length: 65 }, () => '0a') },
  },
})) {
  test(`enrolment body: ${what} → request-invalid`, () => {
    assert.throws(() => parseEnrolmentBody(body), refusal('request-invalid'))
  })
}

test('a refused message: → the error names the place, never the value', () => {
  const secret = 'secret-token'
  assert.throws(
    () => parseEnrolmentBody({ token: 5, csr: secret, [secret]: 1 }),
    (error: unknown) =>
      error instanceof MayflyError &&
      error.message.includes('token should be string') &&
      !JSON.stringify([error.message, error.details]).includes(secret),
  )
})

test('issuer answer: issued and scheduled → told apart', () => {
  assert.deepEqual(parseIssuerAnswer(issued), issued)
  const scheduled = { status: 'scheduled', mintAt: issued.renewAt, keyHash: 'ab'.repeat(32) }
  assert.deepEqual(parseIssuerAnswer(scheduled), scheduled)
})

test('issuer answer: another status, a local time, an unknown member → answer-invalid', () => {
  for (const answer of [
    { ...issued, status: 'maybe' },
    { ...issued, notAfter: '2026-01-02T00:00:00+02:00' },
    { ...issued, privateKey: 'x' },
    null,
  ]) {
    assert.throws(() => parseIssuerAnswer(answer), refusal('answer-invalid'))
  }
})

test('problem: known code → read; unknown code → answer-invalid', () => {
  const problem = {
    type: problemType('token-expired'),
    title: 'Expired',
    status: 403,
    detail: 'It has expired.',
    code: 'token-expired',
    requestId: 'r1',
  }
  assert.equal(parseProblem({ ...problem, extra: 1 }).code, 'token-expired')
  assert.throws(() => parseProblem({ ...problem, code: 'nonsense' }), refusal('answer-invalid'))
})

test('base64url: two spellings of one value → only the canonical one is read', () => {
  assert.deepEqual([...decodeBase64url(encodeBase64url(new Uint8Array([1, 2, 255])))], [1, 2, 255])
  assert.deepEqual([...decodeBase64url('AQ')], [1])
  for (const text of ['AR', 'AQ==', 'A', 'A+', ' AQ']) {
    assert.throws(() => decodeBase64url(text), refusal('request-invalid'))
  }
})

test('issuer URL: spellings of one URL → one', () => {
  for (const text of ['https://ca.example', 'https://CA.example/', 'https://ca.example:443//']) {
    assert.equal(canonicalIssuerUrl(text), 'https://ca.example')
  }
  assert.equal(
    endpointUrl('https://ca.example:8443/', endpointPaths.requests),
    'https://ca.example:8443/v1/requests',
  )
})

test('issuer URL: anything but plain https → request-invalid', () => {
  for (const text of [
    'http://ca.example',
    'ca.example',
    'https://user:pw@ca.example',
    'https://ca.example/?a',
    'https://ca.example/#a',
    `https://ca.example/${'a'.repeat(600)}`,
  ]) {
    assert.throws(() => canonicalIssuerUrl(text), refusal('request-invalid'))
  }
})

test('message: beyond a limit → said of what, for lists, texts and numbers', () => {
  const schema = z.object({
    names: z.array(z.string()).max(1),
    name: z.string().min(1),
    count: z.int().max(3),
  })
  assert.throws(
    () => parseMessage(schema, { names: ['a', 'b'], name: '', count: 4 }, 'request-invalid', 'the request'),
    /names has more entries than 1; name has fewer characters than 1; count is over 3\./,
  )
})
