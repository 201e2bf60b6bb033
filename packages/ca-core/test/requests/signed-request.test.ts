import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FlattenedSign, flattenedVerify } from 'jose'
import * as z from 'zod'
import {
  addSeconds,
  type FlattenedJws,
  keySigner,
  keyTypes,
  MayflyError,
  readRequestHeader,
  requestLifetimeSeconds,
  signRequest,
  verifyRequest,
} from '../../src/index.ts'
import { flattenedJwsSchema } from '../../src/jws/flattened-jws.ts'
import { isJwsSignedBy, signJws } from '../../src/jws/jws-signature.ts'
import { signWithSigner } from '../../src/jws/signer-jws.ts'
import { jwsAlgorithmOf } from '../../src/keys/key-algorithms.ts'
import { generateKeyPair } from '../../src/keys/key-pair.ts'

const now = Date.UTC(2026, 0, 1)
const keyPair = await generateKeyPair('ec-p256')
const signer = { serial: '4f'.repeat(16), fingerprint: '0f'.repeat(32) }
const url = 'https://ca.example:8443/v1/requests'
const jti = 'AAECAwQFBgcICQoLDA0ODw'
const body = {
  csr: 'AQID',
  report: { version: '0.1.0', bundleSequence: 1, generation: 1, servedSerials: [], clockOffsetSeconds: 0 },
}
const header = {
  typ: 'mayfly-request',
  alg: 'ES256',
  'x5t#S256': Buffer.from(signer.fingerprint, 'hex').toString('base64url'),
  serial: signer.serial,
  url,
  iat: now / 1_000,
  jti,
}

const sign = (options: object = {}) => signRequest({ keyPair, signer, url, now, jti, body, ...options })
const verify = (jws: unknown, at = now) => verifyRequest(jws, { publicKey: keyPair.publicKey, url, now: at })
const refusal = (code: string) => (error: unknown) => error instanceof MayflyError && error.code === code
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

async function signRaw(changes: object, payload: unknown = body): Promise<FlattenedJws> {
  const jws = await new FlattenedSign(Buffer.from(JSON.stringify(payload)))
    .setProtectedHeader({ ...header, ...changes })
    .sign(keyPair.privateKey)
  return { protected: jws.protected ?? '', payload: jws.payload, signature: jws.signature }
}

for (const type of keyTypes) {
  test(`request: signed by ${type} → verified, and its header read`, async () => {
    const pair = await generateKeyPair(type)
    const jws = await sign({ keyPair: pair })
    assert.deepEqual(readRequestHeader(jws), { signer, url, issuedAt: now, jti })
    assert.deepEqual(await verifyRequest(jws, { publicKey: pair.publicKey, url, now }), body)
    const protectedHeader = JSON.parse(Buffer.from(jws.protected, 'base64url').toString())
    assert.equal(protectedHeader.alg, jwsAlgorithmOf(type))
  })
}

for (const type of keyTypes) {
  test(`request: signed by ${type}, any part changed → jose and we say the same of it`, async () => {
    const pair = await generateKeyPair(type)
    const jws = await sign({ keyPair: pair })
    const algorithms = [jwsAlgorithmOf(type)]
    const ofJose = (value: FlattenedJws) =>
      flattenedVerify(value, pair.publicKey.key, { algorithms }).then(
        () => true,
        () => false,
      )
    assert.deepEqual([await ofJose(jws), isJwsSignedBy(jws, pair.publicKey, 'pss')], [true, true])
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('protected', 'payload', 'signature'),
        fc.nat(),
        fc.constantFrom(...'AZaz09-_'),
        fc.constantFrom('replace', 'cut', 'double'),
        async (part, position, character, how) => {
          const text = jws[part]
          const at = position % text.length
          const middle = { replace: character, cut: '', double: text.charAt(at).repeat(2) }[how]
          const changed = { ...jws, [part]: text.slice(0, at) + middle + text.slice(at + 1) }
          const ours = isJwsSignedBy(changed, pair.publicKey, 'pss')
          // jose passes over the unused bits of a signature's last character; here it has one spelling.
          const spelling = Buffer.from(changed.signature, 'base64url').toString('base64url')
          if (spelling === changed.signature) assert.equal(ours, await ofJose(changed))
          assert.equal(ours, changed[part] === text)
        },
      ),
      { numRuns: 40 },
    )
  })
}

test('two readings of one input: a signature whose last character is spelt otherwise → not signed', async () => {
  const jws = await sign()
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  // 64 octets leave four bits of the last character unused: 16 spellings, of which one is right.
  const last = alphabet.indexOf(jws.signature.slice(-1))
  for (let unused = 0; unused < 16; unused += 1) {
    const signature = jws.signature.slice(0, -1) + alphabet.charAt(last - (last % 16) + unused)
    assert.equal(isJwsSignedBy({ ...jws, signature }, keyPair.publicKey, 'pss'), unused === last % 16)
  }
})

test('request: a signature of another length, or RSA with the padding of authorities → not signed', async () => {
  const jws = await sign()
  for (const signature of ['', 'AA', jws.signature.slice(0, -4), `${jws.signature}AAAA`]) {
    assert.equal(isJwsSignedBy({ ...jws, signature }, keyPair.publicKey, 'pss'), false)
  }
  const rsa = await generateKeyPair('rsa-3072')
  const byHost = await sign({ keyPair: rsa })
  const byAuthority = await signWithSigner(Buffer.from('{}'), {}, keySigner(rsa))
  assert.equal(isJwsSignedBy(byHost, rsa.publicKey, 'pkcs1'), false)
  assert.equal(isJwsSignedBy(byAuthority, rsa.publicKey, 'pss'), false)
  assert.equal(isJwsSignedBy(byAuthority, rsa.publicKey, 'pkcs1'), true)
})

test('request replayed, its clock in the future: at the edges of its five minutes → accepted within, request-stale beyond', async () => {
  const jws = await sign()
  await verify(jws, addSeconds(now, requestLifetimeSeconds))
  await verify(jws, addSeconds(now, -requestLifetimeSeconds))
  await assert.rejects(verify(jws, addSeconds(now, requestLifetimeSeconds + 1)), refusal('request-stale'))
  await assert.rejects(verify(jws, addSeconds(now, -requestLifetimeSeconds - 1)), refusal('request-stale'))
})

test('request redirected to another URL: another host, path or spelling → request-other-url', async () => {
  for (const other of [
    'https://ca.evil.example:8443/v1/requests',
    'https://ca.example:8443/v1/requests/',
    'https://ca.example:8443/v1/Requests',
    'https://ca.example/v1/requests',
  ]) {
    await assert.rejects(verify(await sign({ url: other })), refusal('request-other-url'))
  }
})

test('request: by another key, or by another type of key → request-signature-invalid', async () => {
  for (const type of ['ec-p256', 'ed25519', 'rsa-3072'] as const) {
    const jws = await sign({ keyPair: await generateKeyPair(type) })
    await assert.rejects(verify(jws), refusal('request-signature-invalid'))
  }
})

test('alg none or confused: a request with alg none, HMAC, or the name of another algorithm → request-signature-invalid', async () => {
  const good = await sign()
  for (const alg of ['none', 'HS256', 'ES384', 'PS256', 'RS256', '']) {
    const jws = { ...good, protected: encode({ ...header, alg }) }
    await assert.rejects(verify(jws), refusal('request-signature-invalid'))
    // Also where the right key has signed that name: the message decides on nothing.
    const signature = Buffer.from(signJws(jws, keyPair)).toString('base64url')
    await assert.rejects(verify({ ...jws, signature }), refusal('request-signature-invalid'))
  }
  const spki = keyPair.publicKey.key.export({ type: 'spki', format: 'pem' })
  const hmac = await new FlattenedSign(Buffer.from(JSON.stringify(body)))
    .setProtectedHeader({ ...header, alg: 'HS256' })
    .sign(Buffer.from(spki))
  await assert.rejects(verify(hmac), refusal('request-signature-invalid'))
})

test('request: header, payload or signature tampered → request-signature-invalid', async () => {
  const good = await sign()
  const tampered = [
    { ...good, protected: encode({ ...header, jti: 'BBECAwQFBgcICQoLDA0ODw' }) },
    { ...good, payload: encode({ ...body, immediate: true }) },
    { ...good, signature: 'A'.repeat(86) },
  ]
  for (const jws of tampered) await assert.rejects(verify(jws), refusal('request-signature-invalid'))
})

for (const parameter of ['iat', 'jti', 'url', 'x5t#S256', 'serial', 'typ']) {
  test(`a missing expiry treated as none: a request without ${parameter} → request-invalid`, async () => {
    await assert.rejects(verify(await signRaw({ [parameter]: undefined })), refusal('request-invalid'))
  })
}

for (const [what, changes] of Object.entries({
  'a key of its own': { jwk: {} },
  'a certificate of its own': { x5c: [] },
  'an extension': { kid: 'x' },
  'another type': { typ: 'mayfly-bundle' },
  'a time as text': { iat: '1767225600' },
  'a fraction of a second': { iat: header.iat + 0.5 },
  'a short hash': { 'x5t#S256': 'AAAA' },
  'half a digit more in the serial': { serial: `${signer.serial}0` },
  'a serial in another spelling': { serial: signer.serial.toUpperCase() },
  'a serial that is no text': { serial: 4 },
  'a nonce with a line break': { jti: 'AAECAwQFBgcI\nCQoLDA0ODw' },
})) {
  test(`request: header with ${what} → request-invalid`, async () => {
    await assert.rejects(verify(await signRaw(changes)), refusal('request-invalid'))
  })
}

test('request: an unprotected header, a missing part, no object → request-invalid', async () => {
  const good = await sign()
  for (const jws of [
    { ...good, header: { alg: 'ES256' } },
    { protected: good.protected, payload: good.payload },
    { ...good, payload: 'A'.repeat(60_000) },
    { ...good, protected: Buffer.from('no json').toString('base64url') },
    JSON.stringify(good),
    [good],
    null,
    undefined,
  ]) {
    await assert.rejects(verify(jws), refusal('request-invalid'))
  }
})

test('names or extensions copied from the request: signed, but with a body that is none → request-invalid', async () => {
  for (const payload of [{ csr: 'AQID' }, { ...body, names: ['dns:evil.example'] }, [], 'text', null]) {
    await assert.rejects(verify(await signRaw({}, payload)), refusal('request-invalid'))
  }
})

test('text of a JWS: any characters and lengths → taken where zod takes base64url', () => {
  const schema = flattenedJwsSchema(20)
  const unit = fc.constantFrom(...'aZ09_-', '+', '/', '=', ' ', '\n', 'é')
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 21 }), (text) => {
      const isTaken = schema.safeParse({ protected: 'e30', payload: text, signature: 'AA' }).success
      assert.equal(isTaken, z.base64url().min(1).max(20).safeParse(text).success)
    }),
  )
  for (const text of ['a'.repeat(20), 'aa', 'aaa', 'a', '']) {
    const isTaken = schema.safeParse({ protected: 'e30', payload: text, signature: 'AA' }).success
    assert.equal(isTaken, text.length > 1, text)
  }
})
