import assert from 'node:assert/strict'
import { type KeyObject, randomBytes, sign } from 'node:crypto'
import { after, before, test } from 'node:test'
import {
  createEnrolmentToken,
  type EnrolmentTokenOptions,
  encodeBase64url,
  type KeyPair,
  minuteMs,
  parseName,
  secondMs,
} from '@mayfly/ca-core'
import { nodeFileSystem, systemClock } from '@mayfly/platform'
import { loadAuthority } from '../../src/authority/load-authority.ts'
import { auditOf } from '../support/audit-reading.ts'
import type { Answered } from '../support/https-caller.ts'
import { issuerUrl, type LiveIssuer, passphrase, startLiveIssuer } from '../support/live-issuer.ts'
import {
  csrFor,
  enrolled,
  type Held,
  heldFrom,
  newKey,
  postEnrolment,
  postRequest,
  type Renewal,
  signedRequest,
} from '../support/test-host.ts'

let live: LiveIssuer
before(async () => {
  const limits =
    'limits: { enrolmentFailures: { burst: 1000 }, identity: { burst: 1000 }, unproven: { burst: 1000 } }'
  live = await startLiveIssuer({ yaml: `${limits}\nissuing: { keyTypes: [ec-p256, ed25519] }` })
})
after(() => live.close())

const name = (identity: string): string => `dns:${identity}.test`

async function tokenFor(identity: string): Promise<string> {
  return (await live.admin.createToken({ identity, profile: 'server', names: [name(identity)] })).token
}

async function ourTokenKey(): Promise<KeyPair> {
  const { tokenKey } = await loadAuthority({
    fileSystem: nodeFileSystem,
    state: live.configuration.state,
    passphrase: Buffer.from(passphrase),
    now: systemClock.now(),
  })
  return tokenKey
}

/** A token that our own key has signed, as wrong as it is wished. */
async function forged(options: Partial<EnrolmentTokenOptions>): Promise<string> {
  return createEnrolmentToken({
    keyPair: await ourTokenKey(),
    issuerUrl,
    rootFingerprint: live.root.certificate.fingerprint,
    identity: 'forged',
    profile: 'server',
    names: [name('forged')],
    jti: randomBytes(16).toString('base64url'),
    now: systemClock.now(),
    ...options,
  })
}

async function assertRefused(answer: Answered, status: number, code: string): Promise<void> {
  const problem = answer.json as { code: string; requestId: string }
  assert.deepEqual([answer.status, problem.code], [status, code], answer.text)
  const records = await auditOf(live.store, problem.requestId)
  assert.deepEqual(
    records.map(({ outcome, reason, address }) => ({ outcome, reason, address })),
    [{ outcome: 'refused', reason: code, address: '127.0.0.1' }],
  )
}

interface BadToken {
  readonly what: string
  readonly status: number
  readonly code: string
  token(): Promise<string>
}

const anHourAgo = (): number => systemClock.now() - 60 * minuteMs

const badTokens: readonly BadToken[] = [
  { what: 'expired', status: 401, code: 'token-expired', token: () => forged({ now: anHourAgo() }) },
  {
    what: 'of another issuer, by its URL',
    status: 401,
    code: 'token-other-issuer',
    token: () => forged({ issuerUrl: 'https://other.test' }),
  },
  {
    what: 'of another issuer, by its key',
    status: 401,
    code: 'token-invalid',
    token: async () => forged({ keyPair: await newKey() }),
  },
  { what: 'that was never given out', status: 404, code: 'token-unknown', token: () => forged({}) },
  {
    what: 'tampered with',
    status: 401,
    code: 'token-invalid',
    token: async () => altered(await tokenFor('tampered'), (payload) => ({ ...payload, sub: 'root' })),
  },
  {
    what: 'with alg none',
    status: 401,
    code: 'token-invalid',
    token: async () => {
      const [, payload] = (await tokenFor('unsigned')).split('.')
      return `${encodeBase64url(Buffer.from('{"alg":"none","typ":"JWT"}'))}.${payload}.`
    },
  },
  {
    what: 'with alg HS256 over the public key',
    status: 401,
    code: 'token-invalid',
    token: async () => {
      const [, payload, signature] = (await tokenFor('confused')).split('.')
      return `${encodeBase64url(Buffer.from('{"alg":"HS256","typ":"JWT"}'))}.${payload}.${signature}`
    },
  },
  {
    what: 'that was revoked',
    status: 403,
    code: 'token-revoked',
    token: async () => {
      const { token, jti } = await live.admin.createToken({
        identity: 'revoked',
        profile: 'server',
        names: [name('revoked')],
      })
      await live.admin.revokeToken(jti)
      return token
    },
  },
  { what: 'that is no token', status: 401, code: 'token-invalid', token: async () => 'a.b.c' },
]

for (const { what, status, code, token } of badTokens) {
  test(`token replayed, by another issuer, after expiry, with alg none or confused: one ${what} → ${code}, and a record`, async () => {
    await assertRefused(await postEnrolment(live, await token()), status, code)
  })
}

test('a missing expiry treated as none: a token without its end, a request without its time, well signed → refused', async () => {
  const tokenKey = await ourTokenKey()
  const [header = '', payload = ''] = (await tokenFor('endless')).split('.')
  const endless = (changed: string): string =>
    `${header}.${changed}.${es256(`${header}.${changed}`, tokenKey.privateKey)}`
  await assertRefused(await postEnrolment(live, endless(without('exp', payload))), 401, 'token-invalid')
  // Signed again without a change it is good, so that it was the end that was missed.
  const answer = await postEnrolment(live, endless(payload))
  assert.equal(answer.status, 200, answer.text)

  const held = await enrolled(live, await tokenFor('timeless'))
  const jws = (await signedRequest(held)) as { protected: string; payload: string }
  const timeless = without('iat', jws.protected)
  const signature = es256(`${timeless}.${jws.payload}`, held.keyPair.privateKey)
  await assertRefused(
    await postRequest(live, { ...jws, protected: timeless, signature }),
    400,
    'request-invalid',
  )
})

test('token replayed: one used for another key → token-used; for its own key → the same answer', async () => {
  const token = await tokenFor('twice')
  const keyPair = await newKey()
  const first = await postEnrolment(live, token, { keyPair })
  assert.equal(first.status, 200, first.text)
  await assertRefused(await postEnrolment(live, token), 409, 'token-used')
  const again = await postEnrolment(live, token, { keyPair })
  assert.deepEqual([again.status, again.json], [200, first.json])
})

test('token used for another identity: one for the names of another → names-not-allowed', async () => {
  await tokenFor('victim')
  const names = [parseName(name('victim'))]
  await assertRefused(await postEnrolment(live, await tokenFor('thief'), { names }), 403, 'names-not-allowed')
})

test('token used for another identity: one that names an identity other than the one it was given for → refused', async () => {
  await tokenFor('rich')
  const { jti } = await live.admin.createToken({ identity: 'poor', profile: 'server', names: [name('poor')] })
  const answer = await postEnrolment(live, await forged({ jti, identity: 'rich', names: [name('rich')] }))
  await assertRefused(answer, 404, 'token-unknown')
})

test('enrolment: a request that is no PKCS#10 → csr-invalid', async () => {
  const csr = encodeBase64url(Buffer.from('no DER'))
  await assertRefused(await postEnrolment(live, await tokenFor('csr-1'), { csr }), 400, 'csr-invalid')
})

test('enrolment: a PKCS#10 for a key that the caller does not have → proof-of-possession-failed', async () => {
  const der = Buffer.from(await csrFor(await newKey()), 'base64url')
  // The last octet belongs to the signature.
  der.writeUInt8((der.at(-1) ?? 0) ^ 1, der.length - 1)
  const answer = await postEnrolment(live, await tokenFor('csr-2'), { csr: encodeBase64url(der) })
  await assertRefused(answer, 400, 'proof-of-possession-failed')
})

test('enrolment: a key type that the policy leaves out → key-type-unsupported', async () => {
  const keyPair = await newKey('ec-p384')
  await assertRefused(
    await postEnrolment(live, await tokenFor('csr-3'), { keyPair }),
    400,
    'key-type-unsupported',
  )
})

test('enrolment: a key that another identity has → key-reused', async () => {
  const keyPair = await newKey()
  assert.equal((await postEnrolment(live, await tokenFor('owner'), { keyPair })).status, 200)
  await assertRefused(await postEnrolment(live, await tokenFor('copycat'), { keyPair }), 409, 'key-reused')
})

interface BadRequest {
  readonly what: string
  readonly status: number
  readonly code: string
  renewal(held: Held): Promise<Renewal>
}

const badRequests: readonly BadRequest[] = [
  {
    what: 'that is too old',
    status: 401,
    code: 'request-stale',
    renewal: async () => ({ lie: { now: systemClock.now() - 6 * minuteMs } }),
  },
  {
    what: 'from the future',
    status: 401,
    code: 'request-stale',
    renewal: async () => ({ lie: { now: systemClock.now() + 6 * minuteMs } }),
  },
  {
    what: 'for another URL',
    status: 401,
    code: 'request-other-url',
    renewal: async () => ({ lie: { url: 'https://other.test/v1/requests' } }),
  },
  {
    what: 'for the same path under another host',
    status: 401,
    code: 'request-other-url',
    renewal: async () => ({ lie: { url: `${issuerUrl}.evil.test/v1/requests` } }),
  },
  {
    what: 'signed by another key',
    status: 401,
    code: 'request-signature-invalid',
    renewal: async () => ({ lie: { keyPair: await newKey() } }),
  },
  {
    what: 'signed by a key of another type',
    status: 401,
    code: 'request-signature-invalid',
    renewal: async () => ({ lie: { keyPair: await newKey('ed25519') } }),
  },
  {
    what: 'under a certificate that we never made',
    status: 401,
    code: 'lineage-unknown',
    renewal: async () => ({ lie: { signer: { serial: '4b'.repeat(16), fingerprint: 'ab'.repeat(32) } } }),
  },
  {
    what: 'under the serial of its certificate, but the hash of another',
    status: 401,
    code: 'lineage-unknown',
    renewal: async ({ certificate }) => ({
      lie: { signer: { ...certificate, fingerprint: 'ab'.repeat(32) } },
    }),
  },
  {
    what: 'under the hash of its certificate, but the serial of another',
    status: 401,
    code: 'lineage-unknown',
    renewal: async ({ certificate }) => {
      const { serial } = (await enrolled(live, await tokenFor('other-serial'))).certificate
      return { lie: { signer: { ...certificate, serial } } }
    },
  },
  {
    what: 'for names outside the policy',
    status: 403,
    code: 'names-not-allowed',
    renewal: async () => ({ names: [parseName('dns:admin.test')] }),
  },
]

for (const [index, { what, status, code, renewal }] of badRequests.entries()) {
  test(`request replayed, redirected to another URL, its clock in the future: one ${what} → ${code}, and a record`, async () => {
    const held = await enrolled(live, await tokenFor(`asks-${index}`))
    await assertRefused(await postRequest(live, await signedRequest(held, await renewal(held))), status, code)
  })
}

test('request replayed: the same one again → request-replayed', async () => {
  const held = await enrolled(live, await tokenFor('replayed'))
  const jws = await signedRequest(held)
  assert.equal((await postRequest(live, jws)).status, 202)
  await assertRefused(await postRequest(live, jws), 409, 'request-replayed')
})

test('request: a key that was certified already → key-reused', async () => {
  const held = await enrolled(live, await tokenFor('reuses'))
  const jws = await signedRequest(held, { next: held.keyPair })
  await assertRefused(await postRequest(live, jws), 409, 'key-reused')
})

test('request: a JWS that was altered → refused', async () => {
  const held = await enrolled(live, await tokenFor('altered'))
  const jws = (await signedRequest(held)) as { payload: string }
  const body = JSON.parse(Buffer.from(jws.payload, 'base64url').toString())
  const payload = encodeBase64url(Buffer.from(JSON.stringify({ ...body, immediate: true })))
  await assertRefused(await postRequest(live, { ...jws, payload }), 401, 'request-signature-invalid')
})

for (const [what, jws] of [
  ['no JWS', { hello: 'world' }],
  ['a list', []],
  ['null', null],
  ['a JWS with further members', { payload: 'e30', protected: 'e30', signature: 'AA', header: {} }],
  ['a protected header that is no JSON', { payload: 'e30', protected: 'AA', signature: 'AA' }],
] as const) {
  test(`a crash from a crafted field: a request that is ${what} → request-invalid`, async () => {
    await assertRefused(await postRequest(live, jws), 400, 'request-invalid')
  })
}

test('request: from an older generation after a newer one asked → suspended, and an alarm with both addresses', async () => {
  const first = await enrolled(live, await tokenFor('copied'))
  const second = await renewed(first)
  // The second generation signs, which confirms that it is installed.
  assert.equal((await postRequest(live, await signedRequest(second))).status, 202)

  await assertRefused(await postRequest(live, await signedRequest(first)), 409, 'lineage-conflict')
  const { state, suspension } = await live.admin.showIdentity('copied')
  assert.equal(state, 'suspended')
  assert.deepEqual(suspension?.addresses, ['127.0.0.1', '127.0.0.1'])
  await assertRefused(await postRequest(live, await signedRequest(second)), 403, 'identity-suspended')
  assert.match(live.log(), /"msg":"alarm"/)
})

test('log: after all of this → no key, no token, no passphrase', async () => {
  const token = await tokenFor('quiet')
  await postEnrolment(live, `${token}x`)
  await enrolled(live, token)
  const log = live.log()
  assert.ok(log.length > secondMs)
  assert.doesNotMatch(log, /PRIVATE KEY|eyJ[A-Za-z0-9_-]{10,}\./)
  assert.ok(!log.includes(passphrase))
  assert.ok(!log.includes(token))
})

/** RFC 7518 3.4. */
function es256(input: string, key: KeyObject): string {
  return sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')
}

function without(member: string, encoded: string): string {
  const { [member]: _, ...rest } = JSON.parse(Buffer.from(encoded, 'base64url').toString())
  return encodeBase64url(Buffer.from(JSON.stringify(rest)))
}

async function renewed(held: Held): Promise<Held> {
  const next = await newKey()
  const answer = await postRequest(live, await signedRequest(held, { next, immediate: true }))
  assert.equal(answer.status, 200, answer.text)
  return heldFrom(answer, next)
}

function altered(token: string, change: (payload: object) => object): string {
  const [header, payload = '', signature] = token.split('.')
  const changed = change(JSON.parse(Buffer.from(payload, 'base64url').toString()))
  return [header, encodeBase64url(Buffer.from(JSON.stringify(changed))), signature].join('.')
}
