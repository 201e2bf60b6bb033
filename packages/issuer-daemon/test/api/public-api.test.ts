import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type IssuedAnswer, type ScheduledAnswer, verifyTrustBundle } from '@mayfly/ca-core'
import { ask } from '../support/https-caller.ts'
import { type LiveIssuer, startLiveIssuer } from '../support/live-issuer.ts'
import {
  enrolled,
  heldFrom,
  newKey,
  postEnrolment,
  postRequest,
  signedRequest,
} from '../support/test-host.ts'

let live: LiveIssuer
before(async () => {
  live = await startLiveIssuer()
})
after(() => live.close())

test('bundle: anyone → the signed bundle with its sequence as ETag, and 304 for who has it', async () => {
  const answer = await ask(live.port, live.ca, { method: 'GET', path: '/v1/bundle' })
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['content-type'], 'application/jose+json')
  assert.equal(answer.headers.etag, '"1"')
  const rootFingerprint = live.root.certificate.fingerprint
  assert.equal((await verifyTrustBundle(answer.text, { rootFingerprint })).sequence, 1)

  for (const tag of ['"1"', 'W/"1"', '"0", "1"', '*']) {
    const same = await ask(live.port, live.ca, {
      method: 'GET',
      path: '/v1/bundle',
      headers: { 'if-none-match': tag },
    })
    assert.equal(same.status, 304)
    assert.equal(same.text, '')
  }
  const other = { method: 'GET', path: '/v1/bundle', headers: { 'if-none-match': '"2"' } }
  assert.equal((await ask(live.port, live.ca, other)).status, 200)
})

test('lineage: enroll, stage the next key, renew at once → each its certificate', async () => {
  const { token } = await live.admin.createToken({
    identity: 'web-1',
    profile: 'server',
    names: ['dns:web-1.test'],
  })
  const first = await newKey()
  const answer = await postEnrolment(live, token, { keyPair: first })
  assert.equal(answer.status, 200, answer.text)
  const issued = answer.json as IssuedAnswer
  assert.equal(issued.status, 'issued')
  assert.equal(issued.bundleSequence, 1)

  const next = await newKey()
  const held = heldFrom(answer, first)
  const staged = await postRequest(live, await signedRequest(held, { next }))
  assert.equal(staged.status, 202, staged.text)
  const { keyHash, status } = staged.json as ScheduledAnswer
  assert.equal(status, 'scheduled')
  assert.equal(keyHash, next.publicKey.hash)
  const waiting = await ask(live.port, live.ca, { method: 'GET', path: `/v1/certificates/${keyHash}` })
  assert.equal(waiting.status, 404)
  assert.equal((waiting.json as { code: string }).code, 'not-minted')
  assert.ok(Number(waiting.headers['retry-after']) > 0)

  const renewed = await postRequest(live, await signedRequest(held, { next, immediate: true }))
  assert.equal(renewed.status, 200, renewed.text)
  const fetched = await ask(live.port, live.ca, { method: 'GET', path: `/v1/certificates/${keyHash}` })
  assert.equal(fetched.status, 200)
  assert.equal(fetched.headers['content-type'], 'application/pem-certificate-chain')
  assert.match(String(fetched.headers['cache-control']), /immutable/)
  assert.equal(fetched.text, (renewed.json as IssuedAnswer).chain)
})

test('certificates: what is no hash → 400', async () => {
  const answer = await ask(live.port, live.ca, { method: 'GET', path: '/v1/certificates/..%2fstore' })
  assert.equal(answer.status, 400)
})

test('health and readiness: a working issuer → both well', async () => {
  const health = await ask(live.port, live.ca, { method: 'GET', path: '/healthz' })
  assert.deepEqual([health.status, health.json], [200, { status: 'ok' }])
  const ready = await ask(live.port, live.ca, { method: 'GET', path: '/readyz' })
  assert.deepEqual([ready.status, ready.json], [200, { status: 'ready' }])
})

test('metrics: on the API → not there', async () => {
  assert.equal((await ask(live.port, live.ca, { method: 'GET', path: '/metrics' })).status, 404)
})

test('administration: on the API → not there', async () => {
  assert.equal((await ask(live.port, live.ca, { method: 'GET', path: '/admin/status' })).status, 404)
})

test('own certificate: the API → a leaf of its own authority with the name of the URL', async () => {
  const held = await enrolled(
    live,
    (await live.admin.createToken({ identity: 'own', profile: 'peer', names: ['dns:own.test'] })).token,
  )
  assert.equal(held.certificate.names[0]?.value, 'own.test')
  const own = await live.admin.showIdentity('issuer')
  assert.deepEqual(own.names, ['dns:localhost'])
  assert.equal(own.newest?.serial, live.issuer.ownSerial())
})
