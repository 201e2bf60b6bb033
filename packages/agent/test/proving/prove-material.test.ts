import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ErrorCode, generateKeyPair, hourMs, isMayflyError, keyTypes, parseNames } from '@mayfly/ca-core'
import { systemClock } from '@mayfly/platform'
import { createTestIssuer } from '../../../../test/support/test-issuer.ts'
import type { Material } from '../../src/formats/material.ts'
import { handshakeOmitted } from '../../src/proving/handshake.ts'
import { type Expectation, proveMaterial } from '../../src/proving/prove-material.ts'
import { tlsHandshake } from '../../src/proving/tls-handshake.ts'

const issuer = await createTestIssuer()

function expected(changes: Partial<Expectation> = {}): Expectation {
  return { names: parseNames(['dns:web-1.example']), profile: 'server', now: systemClock.now(), ...changes }
}

async function refused(
  material: Material,
  because: ErrorCode,
  changes: Partial<Expectation> = {},
): Promise<void> {
  await assert.rejects(proveMaterial(material, expected(changes)), (error) => {
    assert.ok(isMayflyError(error, 'prove-failed'), String(error))
    assert.equal(error.details.because, because, error.message)
    assert.match(error.message, /The one in use stays\.$/)
    return true
  })
}

for (const profile of ['server', 'client', 'peer'] as const) {
  test(`proof: a good certificate of the profile ${profile} → passes`, async () => {
    await proveMaterial(await issuer.issue({ profile }), expected({ profile }))
  })
}

for (const keyType of keyTypes) {
  test(`proof: a peer's certificate with an ${keyType} key → passes`, async () => {
    await proveMaterial(await issuer.issue({ profile: 'peer', keyType }), expected({ profile: 'peer' }))
  })
}

test('proof: everything signed with ML-DSA → passes', async () => {
  const quantum = await createTestIssuer({ keyType: 'ml-dsa-65' })
  const material = await quantum.issue({ profile: 'peer', keyType: 'ml-dsa-44' })
  await proveMaterial(material, expected({ profile: 'peer' }))
})

test('proof: another key than the certificate’s → key-mismatch', async () => {
  const material = await issuer.issue()
  await refused({ ...material, keyPair: await generateKeyPair('ec-p256') }, 'key-mismatch')
})

test('proof: another root → chain-untrusted', async () => {
  const other = await createTestIssuer()
  await refused({ ...(await issuer.issue()), bundle: other.bundle }, 'chain-untrusted')
})

test('proof: no root at all → chain-untrusted', async () => {
  const material = await issuer.issue()
  await refused({ ...material, bundle: { ...material.bundle, roots: [] } }, 'chain-untrusted')
})

test('proof: the intermediate left out → chain-untrusted', async () => {
  const material = await issuer.issue()
  await refused({ ...material, chain: material.chain.slice(0, 1) }, 'chain-untrusted')
})

test('proof: a distrusted intermediate → chain-untrusted', async () => {
  const material = await issuer.issue()
  const distrusted = [issuer.intermediateFingerprint]
  await refused({ ...material, bundle: { ...material.bundle, distrusted } }, 'chain-untrusted')
})

test('proof: a name that is not in the SAN → name-mismatch', async () => {
  await refused(await issuer.issue(), 'name-mismatch', {
    names: parseNames(['web-1.example', 'web-2.example']),
  })
})

test('proof: a SPIFFE ID that the certificate carries → passes', async () => {
  const names = ['uri:spiffe://test.example/web', 'dns:web-1.example']
  await proveMaterial(
    await issuer.issue({ profile: 'peer', names }),
    expected({ profile: 'peer', names: parseNames(names) }),
  )
})

test('proof: a client’s certificate where a server’s is needed → chain-untrusted', async () => {
  await refused(await issuer.issue({ profile: 'client' }), 'chain-untrusted')
})

test('proof: a server’s certificate where a peer’s is needed → chain-untrusted', async () => {
  await refused(await issuer.issue(), 'chain-untrusted', { profile: 'peer' })
})

test('proof: expired → certificate-expired', async () => {
  await refused(await issuer.issue(), 'certificate-expired', { now: systemClock.now() + 2 * hourMs })
})

test('proof: not valid yet → certificate-expired', async () => {
  await refused(await issuer.issue(), 'certificate-expired', { now: systemClock.now() - 2 * hourMs })
})

test('proof: simulated time with the handshake left out → the simulated time decides', async () => {
  const past = systemClock.now() - 1_000 * hourMs
  const old = await createTestIssuer({ now: past - hourMs })
  const material = await old.issue({ now: past })
  await proveMaterial(material, expected({ now: past, handshake: handshakeOmitted }))
  await refused(material, 'chain-untrusted', { now: past })
})

// The handshake is a second opinion: each of these gets past the checks before it only in a test.
test('handshake: PEM with another certificate than the chain → refused', async () => {
  const [material, other] = [await issuer.issue(), await issuer.issue()]
  await assert.rejects(
    tlsHandshake({ ...material, chainPem: other.chainPem }, 'server'),
    /key values mismatch/i,
  )
})

test('handshake: a root that OpenSSL does not have → refused, with its reason', async () => {
  const other = await createTestIssuer()
  const material = { ...(await issuer.issue({ profile: 'peer' })), bundle: other.bundle }
  await assert.rejects(tlsHandshake(material, 'server'), /unable to get local issuer certificate/)
  await assert.rejects(tlsHandshake(material, 'client'), /as a client's: UNABLE_TO_GET_ISSUER_CERT_LOCALLY/)
  await assert.rejects(tlsHandshake(material, 'peer'), /unable to get/i)
})

test('handshake: a certificate in the role that it is not for → refused, with its reason', async () => {
  await assert.rejects(tlsHandshake(await issuer.issue(), 'client'), /as a client's: INVALID_PURPOSE/)
  const ofClient = await issuer.issue({ profile: 'client' })
  await assert.rejects(tlsHandshake(ofClient, 'server'), /unsuitable certificate purpose/)
})

test('handshake: expired by the real clock → refused, with its reason', async () => {
  const old = await createTestIssuer({ now: systemClock.now() - 50 * hourMs })
  const material = await old.issue({ now: systemClock.now() - 48 * hourMs })
  await assert.rejects(tlsHandshake(material, 'server'), /certificate has expired/)
})
