import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import {
  addSeconds,
  createEnrolmentToken,
  MayflyError,
  readEnrolmentToken,
  tokenLifetimeSecondsMax,
  verifyEnrolmentToken,
} from '../../src/index.ts'
import { generateKeyPair } from '../../src/keys/key-pair.ts'

const now = Date.UTC(2026, 0, 1)
const keyPair = await generateKeyPair('ec-p256')
const issuerUrl = 'https://ca.example:8443'
const rootFingerprint = 'ab'.repeat(32)
const jti = 'AAECAwQFBgcICQoLDA0ODw'
const claims = {
  issuerUrl,
  rootFingerprint,
  identity: 'web-1',
  profile: 'server' as const,
  names: ['dns:web-1.example', 'ip:192.0.2.1'],
  jti,
}
const payload = {
  iss: issuerUrl,
  sub: 'web-1',
  jti,
  iat: now / 1_000,
  exp: now / 1_000 + 900,
  root: rootFingerprint,
  profile: 'server',
  names: [],
}
const typ = 'mayfly-enrolment+jwt'

const verify = (text: string, at = now) =>
  verifyEnrolmentToken(text, { publicKey: keyPair.publicKey, issuerUrl, now: at })
const create = (options: object = {}) => createEnrolmentToken({ ...claims, keyPair, now, ...options })
const sign = (changes: object, header: object = {}, key = keyPair) =>
  new SignJWT({ ...payload, ...changes } as JWTPayload)
    .setProtectedHeader({ alg: 'ES256', typ, ...header })
    .sign(key.privateKey)
const refusal = (code: string) => (error: unknown) => error instanceof MayflyError && error.code === code

test('token: fresh → read and verified as it was made, in one line', async () => {
  const text = await create()
  assert.match(text, /^[A-Za-z0-9_.-]+$/)
  const expected = { ...claims, issuedAt: now, expiresAt: addSeconds(now, 900) }
  assert.deepEqual(readEnrolmentToken(` ${text}\n`), expected)
  assert.deepEqual(await verify(text), expected)
})

test('token: at its expiry → token-expired', async () => {
  const text = await create({ lifetimeSeconds: 60 })
  await verify(text, addSeconds(now, 59))
  await assert.rejects(verify(text, addSeconds(now, 60)), refusal('token-expired'))
})

test('token replayed, used by another issuer: one of another → token-other-issuer, whoever signed it', async () => {
  const other = await create({ issuerUrl: 'https://ca.other.example' })
  await assert.rejects(verify(other), refusal('token-other-issuer'))
  const foreign = await create({ keyPair: await generateKeyPair('ec-p256') })
  await assert.rejects(verify(foreign), refusal('token-invalid'))
})

for (const claim of ['exp', 'iat', 'jti', 'sub', 'iss', 'root', 'profile', 'names']) {
  test(`a missing expiry treated as none: a token without ${claim} → token-invalid`, async () => {
    const text = await sign({ [claim]: undefined })
    await assert.rejects(verify(text), refusal('token-invalid'))
  })
}

for (const [what, changes] of Object.entries({
  'a life over the limit': { exp: payload.iat + tokenLifetimeSecondsMax + 1 },
  'an expiry before its start': { exp: payload.iat },
  'from the future': { iat: payload.iat + 120, exp: payload.iat + 900 },
  'an expiry that is a string': { exp: '9999999999' },
  'another profile': { profile: 'ca' },
  'an unknown claim': { admin: true },
  'a short jti': { jti: 'abc' },
  'an issuer without https': { iss: 'http://ca.example:8443' },
})) {
  test(`token: ${what} → token-invalid`, async () => {
    await assert.rejects(verify(await sign(changes)), refusal('token-invalid'))
  })
}

test('alg none or confused: a token with alg none → token-invalid', async () => {
  const text = new UnsecuredJWT(payload as JWTPayload).encode()
  await assert.rejects(verify(text), refusal('token-invalid'))
  const [, body] = text.split('.')
  const header = Buffer.from(JSON.stringify({ alg: 'none', typ })).toString('base64url')
  await assert.rejects(verify(`${header}.${body}.`), refusal('token-invalid'))
})

test('alg none or confused: a token with HMAC under the public key → token-invalid', async () => {
  const spki = keyPair.publicKey.key.export({ type: 'spki', format: 'pem' })
  const text = await new SignJWT(payload as JWTPayload)
    .setProtectedHeader({ alg: 'HS256', typ })
    .sign(Buffer.from(spki))
  await assert.rejects(verify(text), refusal('token-invalid'))
})

test('token: another typ, by the same key → token-invalid', async () => {
  await assert.rejects(verify(await sign({}, { typ: 'JWT' })), refusal('token-invalid'))
})

test('token replayed, used for another identity: tampered in payload or signature → token-invalid', async () => {
  const [header, body, signature] = (await create()).split('.')
  const altered = JSON.parse(Buffer.from(body ?? '', 'base64url').toString())
  altered.sub = 'web-2'
  const otherBody = Buffer.from(JSON.stringify(altered)).toString('base64url')
  await assert.rejects(verify(`${header}.${otherBody}.${signature}`), refusal('token-invalid'))
  await assert.rejects(verify(`${header}.${body}.${'A'.repeat(86)}`), refusal('token-invalid'))
  await assert.rejects(verify(`${header}.${body}`), refusal('token-invalid'))
})

test('token: garbage, nothing, endless → token-invalid, without quoting it', async () => {
  for (const text of ['', 'secret', 'a.b.c', '....', 'x'.repeat(20_000)]) {
    assert.throws(
      () => readEnrolmentToken(text),
      (error: unknown) => refusal('token-invalid')(error) && (text === '' || !String(error).includes(text)),
    )
    await assert.rejects(verify(text), refusal('token-invalid'))
  }
})

test('token: too long a life asked for, or none → refused when made', async () => {
  for (const lifetimeSeconds of [tokenLifetimeSecondsMax + 1, 0, -5]) {
    await assert.rejects(create({ lifetimeSeconds }), {
      code: 'token-invalid',
      message: `An enrolment token lives a second to 24 hours; this one would live ${lifetimeSeconds} seconds.`,
    })
  }
})
