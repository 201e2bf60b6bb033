import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto'
import { before, describe, test } from 'node:test'
import { encodeBitString, encodeSequence, encodeUnsignedInteger } from '../../src/der/der-writer.ts'
import {
  decryptPrivateKey,
  encodePrivateKey,
  encryptPrivateKey,
  formatFingerprint,
  generateKeyPair,
  isEncryptedPrivateKey,
  jwsAlgorithmOf,
  type KeyPair,
  keyPairOf,
  keySigner,
  keyTypes,
  parseFingerprint,
  parsePrivateKey,
  parsePublicKey,
  readPublicKey,
  sha256Hex,
  verifySignature,
} from '../../src/index.ts'
import { keyAlgorithms } from '../../src/keys/key-algorithms.ts'
import { testRandom } from '../support/hierarchy.ts'
import { openssl, opensslKeyTypes } from '../support/openssl.ts'
import { rejectsCode, throwsCode } from '../support/throws-code.ts'

const message = Buffer.from('to be signed')
const passphrase = Buffer.from('correct horse battery staple')

for (const type of keyTypes) {
  describe(type, () => {
    let pair: KeyPair
    let encrypted: string
    before(async () => {
      pair = await generateKeyPair(type)
      encrypted = await encryptPrivateKey(pair, passphrase, testRandom)
    })

    test('made, signed, verified, written and read back', async () => {
      assert.equal(pair.type, type)
      assert.equal(pair.publicKey.hash, sha256Hex(pair.publicKey.spki))
      const signature = await keySigner(pair).sign(message)
      assert.ok(verifySignature(pair.publicKey, message, signature))
      assert.ok(!verifySignature(pair.publicKey, Buffer.from('to be signeD'), signature))
      assert.ok(!verifySignature(pair.publicKey, message, signature.subarray(1)))
      const spki = createPublicKey({ key: Buffer.from(pair.publicKey.spki), format: 'der', type: 'spki' })
      assert.ok(verify(keyAlgorithms[type].digest, message, spki, signature))
      assert.equal(parsePrivateKey(encodePrivateKey(pair)).publicKey.hash, pair.publicKey.hash)
      assert.equal(parsePublicKey(pair.publicKey.spki).type, type)
      assert.match(jwsAlgorithmOf(type), /^(ES256|ES384|EdDSA|PS256|ML-DSA-(44|65|87))$/)
    })

    test('encrypted → opened by its passphrase and by no other', async () => {
      assert.ok(isEncryptedPrivateKey(encrypted))
      assert.equal((await decryptPrivateKey(encrypted, passphrase)).publicKey.hash, pair.publicKey.hash)
      const other = Buffer.from('correct horse battery stapl')
      await rejectsCode(decryptPrivateKey(encrypted, other), 'passphrase-wrong')
    })

    if (opensslKeyTypes.some((known) => known === type)) {
      test("the machine's openssl pkey → opens the encrypted key", () => {
        const files = { key: encrypted, pass: passphrase }
        const pem = openssl(['pkey', '-in', 'key', '-passin', 'file:pass', '-pubout'], files)
        assert.equal(pem, pair.publicKey.key.export({ type: 'spki', format: 'pem' }))
      })
    }
  })
}

test('decryptPrivateKey: PBKDF2 with SHA-256 and 600,000 rounds, as openssl writes it → opened', async () => {
  const pair = await generateKeyPair('ec-p256')
  const args = ['pkcs8', '-topk8', '-v2', 'aes-256-cbc', '-v2prf', 'hmacWithSHA256', '-iter', '600000']
  const pem = openssl([...args, '-in', 'key', '-passout', 'file:pass'], {
    key: encodePrivateKey(pair),
    pass: passphrase,
  })
  assert.equal((await decryptPrivateKey(pem, passphrase)).publicKey.hash, pair.publicKey.hash)
})

test('encryptPrivateKey: scheme → PBES2, scrypt and AES-256-CBC, with a fresh salt each time', async () => {
  const pair = await generateKeyPair('ec-p256')
  const [first, second] = [
    await encryptPrivateKey(pair, passphrase, testRandom),
    await encryptPrivateKey(pair, passphrase, testRandom),
  ]
  assert.notEqual(first, second)
  const shown = openssl(['asn1parse', '-in', 'key'], { key: first })
  assert.match(shown, /PBES2/)
  assert.match(shown, /scrypt/)
  assert.match(shown, /aes-256-cbc/)
})

test('a passphrase that is empty or over-long → passphrase-wrong', async () => {
  const pair = await generateKeyPair('ec-p256')
  await rejectsCode(encryptPrivateKey(pair, new Uint8Array(), testRandom), 'passphrase-wrong')
  await rejectsCode(encryptPrivateKey(pair, new Uint8Array(1025).fill(65), testRandom), 'passphrase-wrong')
})

test('decryptPrivateKey: a key that is not encrypted, or no key → key-invalid', async () => {
  const pair = await generateKeyPair('ec-p256')
  await rejectsCode(decryptPrivateKey(encodePrivateKey(pair), passphrase), 'key-invalid')
  await rejectsCode(decryptPrivateKey('nothing', passphrase), 'key-invalid')
})

test('parsePrivateKey: an encrypted key → key-invalid, and the message says that it needs a passphrase', async () => {
  const pem = await encryptPrivateKey(await generateKeyPair('ec-p256'), passphrase, testRandom)
  assert.match(throwsCode(() => parsePrivateKey(pem), 'key-invalid').message, /passphrase/)
})

const spkiOf = (key: KeyObject): Uint8Array => new Uint8Array(key.export({ type: 'spki', format: 'der' }))

test('parsePublicKey: RSA under 3,072 bits, or with another exponent → key-weak', () => {
  throwsCode(() => keyPairOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey), 'key-weak')
  const exponent3 = generateKeyPairSync('rsa', { modulusLength: 3072, publicExponent: 3 })
  throwsCode(() => parsePublicKey(spkiOf(exponent3.publicKey)), 'key-weak')
})

test('parsePublicKey: RSA with a huge exponent, an even, negative or zero modulus → refused', () => {
  const rsaKey = (modulus: Uint8Array, exponent: Uint8Array): Uint8Array =>
    encodeSequence(
      keyAlgorithms['rsa-3072'].spkiAlgorithm,
      encodeBitString(encodeSequence(encodeUnsignedInteger(modulus), encodeUnsignedInteger(exponent))),
    )
  const modulus = new Uint8Array(384).fill(0xff)
  const even = Uint8Array.from(modulus)
  even[383] = 0xfe
  throwsCode(() => parsePublicKey(rsaKey(even, Uint8Array.of(1, 0, 1))), 'key-weak')
  throwsCode(() => parsePublicKey(rsaKey(modulus, new Uint8Array(64).fill(0xff))), 'key-weak')
  throwsCode(() => parsePublicKey(rsaKey(new Uint8Array(), Uint8Array.of(1, 0, 1))), 'key-weak')
  throwsCode(
    () => parsePublicKey(rsaKey(new Uint8Array(1000).fill(0xff), Uint8Array.of(1, 0, 1))),
    'key-type-unsupported',
  )
})

test('parsePublicKey: other curves and algorithms → key-type-unsupported', () => {
  const others = [
    generateKeyPairSync('ec', { namedCurve: 'P-521' }),
    generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
    generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }),
    generateKeyPairSync('ed448'),
    generateKeyPairSync('x25519'),
    generateKeyPairSync('rsa-pss', { modulusLength: 3072 }),
  ]
  for (const { publicKey } of others)
    throwsCode(() => parsePublicKey(spkiOf(publicKey)), 'key-type-unsupported')
})

test('parsePublicKey: points that are compressed, off the curve or at infinity → key-invalid', async () => {
  const { publicKey } = await generateKeyPair('ec-p256')
  const point = publicKey.spki.subarray(-65)
  const withPoint = (bytes: Uint8Array): Uint8Array =>
    encodeSequence(keyAlgorithms['ec-p256'].spkiAlgorithm, encodeBitString(bytes))
  throwsCode(() => parsePublicKey(withPoint(Uint8Array.of(2, ...point.subarray(1, 33)))), 'key-invalid')
  throwsCode(() => parsePublicKey(withPoint(Uint8Array.of(0))), 'key-invalid')
  throwsCode(() => parsePublicKey(withPoint(Uint8Array.of(4, ...new Uint8Array(64).fill(1)))), 'key-invalid')
  throwsCode(() => parsePublicKey(withPoint(Uint8Array.of(6, ...point.subarray(1)))), 'key-invalid')
})

test('readPublicKey: a point off the curve → is refused when the key is first used', async () => {
  const { spki } = (await generateKeyPair('ec-p256')).publicKey
  const read = readPublicKey(spki.with(90, (spki[90] ?? 0) ^ 1))
  throwsCode(() => read.key, 'key-invalid')
  throwsCode(() => verifySignature(read, message, new Uint8Array(70)), 'key-invalid')
})

test('parsePublicKey: trailing bytes, a missing field, no DER → key-invalid', async () => {
  const { publicKey } = await generateKeyPair('ed25519')
  for (const spki of [
    Uint8Array.of(...publicKey.spki, 0),
    publicKey.spki.subarray(1),
    new Uint8Array(),
    encodeSequence(),
  ]) {
    throwsCode(() => parsePublicKey(spki), 'key-invalid')
  }
})

test('fingerprints: grouped, coloned or upper-case → the same digits; other text → fingerprint-mismatch', () => {
  const hex = sha256Hex(message)
  assert.match(formatFingerprint(hex), /^([0-9a-f]{4} ){15}[0-9a-f]{4}$/)
  const coloned = hex.match(/../g)?.join(':') ?? ''
  for (const text of [
    hex,
    formatFingerprint(hex),
    hex.toUpperCase(),
    coloned,
    `SHA256:${hex}`,
    ` ${hex}\n`,
  ]) {
    assert.equal(parseFingerprint(text), hex)
  }
  for (const text of ['', hex.slice(1), `${hex}0`, `g${hex.slice(1)}`]) {
    throwsCode(() => parseFingerprint(text), 'fingerprint-mismatch')
  }
})
