import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Answered, ask } from '../support/https-caller.ts'
import { type LiveIssuer, startLiveIssuer } from '../support/live-issuer.ts'
import { csrFor, enrolled, newKey, postRequest, report, signedRequest } from '../support/test-host.ts'

/** A whole issuer with limits from its file; the rates let nothing more through while a test runs. */

const dailyQuota = 4
let live: LiveIssuer
before(async () => {
  live = await startLiveIssuer({
    yaml: `
limits:
  address: { perMinute: 1, burst: 40 }
  identity: { perMinute: 1, burst: 3 }
  enrolmentFailures: { perMinute: 1, burst: 2 }
issuing: { dailyQuota: ${dailyQuota} }
`,
  })
})
after(() => live.close())

const tokenFor = async (identity: string): Promise<string> =>
  (await live.admin.createToken({ identity, names: [`dns:${identity}.test`] })).token

/** From a loopback address of its own, as everything else in 127.0.0.0/8 is another. */
const from = (localAddress: string) => ({ tls: { localAddress } })

function assertLimited(answer: Answered, code = 'rate-limited', secondsMost = 60): void {
  assert.deepEqual([answer.status, (answer.json as { code?: string }).code], [429, code], answer.text)
  const seconds = Number(answer.headers['retry-after'])
  assert.ok(Number.isInteger(seconds) && seconds > 0 && seconds <= secondsMost, `${seconds} s`)
}

async function enrolFrom(localAddress: string, token: string): Promise<Answered> {
  const json = { token, csr: await csrFor(await newKey()), report }
  return ask(live.port, live.ca, { method: 'POST', path: '/v1/enrollments', json, ...from(localAddress) })
}

test('limits.identity: over it → 429 with Retry-After; another identity at the same address is answered', async () => {
  const busy = await enrolled(live, await tokenFor('busy'))
  const quiet = await enrolled(live, await tokenFor('quiet'))
  const next = await newKey()
  for (let asked = 0; asked < 3; asked += 1)
    assert.equal((await postRequest(live, await signedRequest(busy, { next }))).status, 202)
  assertLimited(await postRequest(live, await signedRequest(busy, { next })))
  assert.equal((await postRequest(live, await signedRequest(quiet))).status, 202)
})

test('limits.enrolmentFailures: over it → 429 with Retry-After, for good tokens too; another address enrols', async () => {
  const token = await tokenFor('patient')
  for (let failed = 0; failed < 2; failed += 1)
    assert.equal((await enrolFrom('127.0.0.2', 'a.b.c')).status, 401)
  assertLimited(await enrolFrom('127.0.0.2', token))
  assert.equal((await enrolFrom('127.0.0.3', token)).status, 200)
})

test('limits.address: over it → 429 with Retry-After, whatever is asked; another address is answered', async () => {
  const health = (address: string) =>
    ask(live.port, live.ca, { method: 'GET', path: '/healthz', ...from(address) })
  for (let asked = 0; asked < 40; asked += 1) assert.equal((await health('127.0.0.4')).status, 200)
  assertLimited(await health('127.0.0.4'))
  assertLimited(await enrolFrom('127.0.0.4', await tokenFor('behind')))
  assert.equal((await health('127.0.0.5')).status, 200)
})

test('issuing.dailyQuota: used up → 429 until the next day, though every token is good', async () => {
  const [day, now] = [24 * 3_600, Math.floor(Date.parse((await live.admin.status()).at) / 1_000)]
  for (let joined = 0; joined < dailyQuota; joined += 1)
    assert.equal((await enrolFrom('127.0.0.6', await tokenFor('greedy'))).status, 200)
  const answer = await enrolFrom('127.0.0.6', await tokenFor('greedy'))
  assertLimited(answer, 'quota-exceeded', day - (now % day))
})
