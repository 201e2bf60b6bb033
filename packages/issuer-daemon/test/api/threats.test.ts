import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  createCertificateRequest,
  decodePem,
  encodeBase64url,
  type KeyPair,
  type Name,
  type RequestBody,
} from '@mayfly/ca-core'
import { openssl } from '../../../ca-core/test/support/openssl.ts'
import { publicRoutes } from '../../src/api/public-api.ts'
import { isAudited } from '../../src/api/route.ts'
import { type Answered, ask } from '../support/https-caller.ts'
import { type LiveIssuer, startLiveIssuer } from '../support/live-issuer.ts'
import {
  csrFor,
  enrolled,
  newKey,
  postEnrolment,
  postRequest,
  report,
  signedRequest,
} from '../support/test-host.ts'

/** What went wrong in systems like this one, tried on a whole issuer; the names are those of its class. */

let live: LiveIssuer
before(async () => {
  const much = '{ burst: 1000 }'
  live = await startLiveIssuer({
    yaml: `limits: { enrolmentFailures: ${much}, identity: ${much}, unproven: ${much} }`,
  })
})
after(() => live.close())

let identities = 0
async function freshToken(): Promise<{ identity: string; token: string }> {
  identities += 1
  const identity = `web-${identities}`
  const { token } = await live.admin.createToken({ identity, names: [`dns:${identity}.test`] })
  return { identity, token }
}

function codeOf({ json }: Answered): unknown {
  return (json as { code?: string }).code
}

test('issuance without authentication on one of several paths: each path that changes something → needs a proof', async () => {
  const routes = publicRoutes({} as never, {} as never, async () => ({ ready: true }))
  const changing = routes.filter(isAudited)
  assert.deepEqual(
    changing.map(({ url, requires }) => [url, requires]),
    [
      ['/v1/enrollments', 'token'],
      ['/v1/requests', 'lineage'],
    ],
  )
  const csr = await csrFor(await newKey())
  for (const { url, accepts } of changing) {
    for (const json of [
      { csr, report },
      { csr, report, token: '' },
      { csr, report, identity: 'web-1' },
    ]) {
      const answer = await ask(live.port, live.ca, { method: 'POST', path: url, json, type: accepts ?? null })
      assert.ok([400, 401].includes(answer.status), answer.text)
      assert.doesNotMatch(answer.text, /BEGIN CERTIFICATE/)
    }
  }
})

test('issuance without authentication on one of several paths: everything right but the proof → 401, and it is still free', async () => {
  const { token } = await freshToken()
  const [header, payload] = token.split('.')
  const unsigned = `${header}.${payload}.${encodeBase64url(new Uint8Array(64))}`
  assert.equal((await postEnrolment(live, unsigned)).status, 401)
  const held = await enrolled(live, token)
  const asked = await signedRequest(held, { immediate: true, lie: { keyPair: await newKey() } })
  assert.equal((await postRequest(live, asked)).status, 401)
  assert.equal((await postRequest(live, await signedRequest(held, { immediate: true }))).status, 200)
})

test('issuance without authentication on one of several paths: administration over the network → there is none', async () => {
  for (const path of [
    '/admin/tokens',
    '/admin/identities',
    '/admin/status',
    '//admin/status',
    '/v1/../admin/status',
  ])
    assert.equal((await ask(live.port, live.ca, { method: 'GET', path })).status, 404)
})

/** What a request may ask OpenSSL for, and nobody here. */
const wishes: readonly ((host: string) => string)[] = [
  () => 'basicConstraints=critical,CA:TRUE',
  () => 'keyUsage=critical,keyCertSign,cRLSign',
  () => 'extendedKeyUsage=codeSigning',
  () => '1.2.3.4=DER:0500',
  (host) => `subjectAltName=DNS:${host},IP:10.0.0.1`,
  (host) => `subjectAltName=DNS:${host},email:root@evil.test`,
  (host) => `subjectAltName=DNS:${host},URI:spiffe://test.internal/root`,
]

test('names or extensions copied from the request: what asks for more → refused, to enrol and to renew; a leaf has what its profile says', async () => {
  const { identity, token } = await freshToken()
  const refusals = ['csr-invalid', 'names-not-allowed']
  const csrs = wishes.map((wish) => requestOfOpenssl(wish(`${identity}.test`)))
  for (const csr of csrs) {
    const answer = await postEnrolment(live, token, { csr })
    assert.ok(refusals.includes(String(codeOf(answer))), answer.text)
  }
  const held = await enrolled(live, token)
  for (const csr of csrs) {
    const body: RequestBody = { csr, report, immediate: true }
    const answer = await postRequest(live, await signedRequest(held, { lie: { body } }))
    assert.ok(refusals.includes(String(codeOf(answer))), answer.text)
  }
  const { isCa, keyUsage, extendedKeyUsage, names } = held.certificate
  assert.deepEqual(
    { isCa, keyUsage, extendedKeyUsage, names },
    {
      isCa: false,
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: ['serverAuth'],
      names: [dns(`${identity}.test`)],
    },
  )
})

test('ASN.1: nested without end, of indefinite or huge length, with trailing bytes → csr-invalid, and the token is still good', async () => {
  const { token } = await freshToken()
  const good = Buffer.from(await csrFor(await newKey()), 'base64url')
  const outerHeader = 4 - (good[1] === 0x81 ? 1 : 0)
  const content = good.subarray(outerHeader)
  let nested = Buffer.alloc(0)
  for (let level = 0; level < 400; level += 1)
    nested = Buffer.concat([Buffer.of(0x30, 0x82, nested.length >> 8, nested.length & 0xff), nested])
  for (const der of [
    nested,
    Buffer.concat([Buffer.of(0x30, 0x80), content, Buffer.of(0, 0)]),
    Buffer.concat([Buffer.of(0x30, 0x84, 0x7f, 0xff, 0xff, 0xff), content]),
    Buffer.concat([good, Buffer.of(0)]),
  ]) {
    assert.equal(codeOf(await postEnrolment(live, token, { csr: encodeBase64url(der) })), 'csr-invalid')
  }
  assert.equal((await postEnrolment(live, token, { csr: encodeBase64url(good) })).status, 200)
})

test('signatures checked in JavaScript: a request with r and s of 0, of 1, or of the order → request-signature-invalid', async () => {
  const held = await enrolled(live, (await freshToken()).token)
  const jws = await signedRequest(held)
  const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'
  for (const half of ['0'.repeat(64), '1'.padStart(64, '0'), order]) {
    const signature = encodeBase64url(Buffer.from(half + half, 'hex'))
    assert.equal(codeOf(await postRequest(live, { ...jws, signature })), 'request-signature-invalid')
  }
  assert.equal((await postRequest(live, jws)).status, 202)
})

test('one protocol skips the shared check; a revoked client enrols: suspended → neither enrols, renews nor fetches', async () => {
  const { identity, token } = await freshToken()
  const spare = await live.admin.createToken({ identity })
  const held = await enrolled(live, token)
  const path = `/v1/certificates/${held.keyPair.publicKey.hash}`
  assert.equal((await ask(live.port, live.ca, { method: 'GET', path })).status, 200)
  await live.admin.suspendIdentity(identity)
  assert.equal(codeOf(await postEnrolment(live, spare.token)), 'identity-suspended')
  assert.equal(codeOf(await postEnrolment(live, token, { keyPair: held.keyPair })), 'identity-suspended')
  const asked = await postRequest(live, await signedRequest(held, { immediate: true }))
  assert.equal(codeOf(asked), 'identity-suspended')
  assert.equal((await ask(live.port, live.ca, { method: 'GET', path })).status, 404)
})

test('one protocol skips the shared check: names outside the policy → refused at enrolment and at renewal alike', async () => {
  const { identity, token } = await freshToken()
  const outside: Name[] = [{ type: 'dns', value: 'other.test' }]
  assert.equal(codeOf(await postEnrolment(live, token, { names: outside })), 'names-not-allowed')
  const held = await enrolled(live, token)
  const asked = await postRequest(live, await signedRequest(held, { names: outside, immediate: true }))
  assert.equal(codeOf(asked), 'names-not-allowed')
  assert.deepEqual(held.certificate.names, [{ type: 'dns', value: `${identity}.test` }])
})

/** Names that a loose comparison takes for `web-N.test`. */
const lookalikes: readonly ((host: string) => { names?: readonly Name[]; commonName?: string })[] = [
  (host) => ({ names: [dns(`a.${host}`)] }),
  (host) => ({ names: [dns(`${host}.`)] }),
  (host) => ({ names: [dns(`${host}\u0000.evil.test`)] }),
  (host) => ({ names: [dns(host.slice(0, -1))] }),
  (host) => ({ names: [dns(`${host}x`)] }),
  () => ({ names: [dns('*.test')] }),
  (host) => ({ names: [{ type: 'uri', value: `https://${host}/` }] }),
  (host) => ({ names: [{ type: 'email', value: `root@${host}` }] }),
  () => ({ names: [{ type: 'ip', value: '127.0.0.1' }] }),
  (host) => ({ commonName: `${host}.evil.test` }),
  (host) => ({ commonName: host.toUpperCase() }),
  (host) => ({ commonName: `${host} ` }),
  (host) => ({ commonName: host.replace('e', '\u0435') }),
]

test('identity compared loosely (case, prefix, CN against SAN, trailing dot, IDN, NUL): → refused, and no certificate', async () => {
  const { identity, token } = await freshToken()
  const keyPair = await newKey()
  for (const alike of lookalikes) {
    const csr = await requestFor(keyPair, alike(`${identity}.test`))
    const answer = await postEnrolment(live, token, { csr })
    assert.ok(['names-not-allowed', 'csr-invalid'].includes(String(codeOf(answer))), answer.text)
  }
  // The token is still good: none of them used it.
  assert.equal((await postEnrolment(live, token, { keyPair })).status, 200)
})

test('token replayed, used for another identity: another key → token-used; the same → the same answer', async () => {
  const { token } = await freshToken()
  const keyPair = await newKey()
  const first = await postEnrolment(live, token, { keyPair })
  const again = await postEnrolment(live, token, { keyPair })
  assert.equal((first.json as { serial: string }).serial, (again.json as { serial: string }).serial)
  assert.equal(codeOf(await postEnrolment(live, token)), 'token-used')
  const other = await freshToken()
  assert.equal(codeOf(await postEnrolment(live, other.token, { keyPair })), 'key-reused')
})

test('request replayed, reordered: → refused, and nobody is suspended for it', async () => {
  const { identity, token } = await freshToken()
  const held = await enrolled(live, token)
  const request = await signedRequest(held)
  assert.equal((await postRequest(live, request)).status, 202)
  assert.equal(codeOf(await postRequest(live, request)), 'request-replayed')
  const minted = await signedRequest(await enrolled(live, (await freshToken()).token), { immediate: true })
  assert.equal((await postRequest(live, minted)).status, 200)
  assert.equal(codeOf(await postRequest(live, minted)), 'request-replayed')
  assert.notEqual((await live.admin.showIdentity(identity)).state, 'suspended')
})

test('log and metric injection through names: what nobody may be called → in no line of log or audit', async () => {
  const evil = 'web"}\n{"level":60,"msg":"forged'
  const path = `/v1/certificates/${encodeURIComponent(evil)}`
  assert.equal((await ask(live.port, live.ca, { method: 'GET', path })).status, 400)
  const { token } = await freshToken()
  const csr = await requestFor(await newKey(), { commonName: 'forged\u2028line' })
  assert.equal(codeOf(await postEnrolment(live, token, { csr })), 'names-not-allowed')
  for (const line of live.log().trim().split('\n')) {
    assert.doesNotThrow(() => JSON.parse(line))
    assert.doesNotMatch(line, /^\{"level":60,"msg":"forged/)
  }
  const records = await live.store.auditRecords({ afterNumber: 0, limit: 1_000 })
  for (const { text } of records) assert.match(text, /^[\x20-\x7e]*$/)
})

function requestOfOpenssl(extension: string): string {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'key']
  const pem = openssl(['req', '-new', '-subj', '/', ...key, '-addext', extension], {})
  return encodeBase64url(decodePem('CERTIFICATE REQUEST', pem))
}

function dns(value: string): Name {
  return { type: 'dns', value }
}

async function requestFor(
  keyPair: KeyPair,
  content: { readonly names?: readonly Name[]; readonly commonName?: string },
): Promise<string> {
  return encodeBase64url(await createCertificateRequest({ keyPair, ...content }))
}
