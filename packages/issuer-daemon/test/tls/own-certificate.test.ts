import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { isMayflyError, minuteMs } from '@mayfly/ca-core'
import { systemClock } from '@mayfly/platform'
import { FakeClock } from '../../../../test/fakes/fake-clock.ts'
import { FakeRandom } from '../../../../test/fakes/fake-random.ts'
import { createTestPki } from '../../../../test/support/test-pki.ts'
import { createHttpsServer, serverTimeouts } from '../../src/api/front/https-server.ts'
import { listenAt } from '../../src/api/front/listening.ts'
import {
  installOwnCertificate,
  mintOwnCertificate,
  type OwnCertificate,
} from '../../src/tls/own-certificate.ts'
import { startOwnCertificateRenewal } from '../../src/tls/own-certificate-renewal.ts'
import { showCertificate } from '../../src/tls/show-certificate.ts'
import type { TlsMaterial } from '../../src/tls/tls-parameters.ts'
import { ask } from '../support/https-caller.ts'
import { startLiveIssuer } from '../support/live-issuer.ts'

test('own certificate: renewed → new connections see it, the old ones go on', async () => {
  const live = await startLiveIssuer()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    const kept = { agent, ca: live.ca, host: '127.0.0.1', servername: 'localhost', port: live.port }
    const before = live.issuer.ownSerial()
    assert.equal((await get(kept)).serial, before)

    await live.installNext()
    await live.issuer.reload(live.configuration)
    const after = live.issuer.ownSerial()
    assert.notEqual(after, before)
    const again = await get(kept)
    assert.deepEqual([again.status, again.serial, again.reused], [200, before, true])
    assert.equal(await servedSerial(live.port, live.ca), after)
    assert.equal((await ask(live.port, live.ca, { method: 'GET', path: '/readyz' })).status, 200)
  } finally {
    agent.destroy()
    await live.close()
  }
})

test('own certificate: a pair that does not fit → key-mismatch, and the old stays', async () => {
  const pki = await createTestPki()
  const [good, other] = [await pki.issue({ names: ['localhost'] }), await pki.issue({ names: ['localhost'] })]
  const material = { keyPem: good.keyPem, chainPem: good.fullchainPem }
  const server = createHttpsServer({ material, connectionsMax: 10, timeouts: serverTimeouts }, (_, answer) =>
    answer.end('{}'),
  )
  const place = { present: (material: TlsMaterial) => showCertificate(server, material) }
  const listening = await listenAt(server, { host: '127.0.0.1', port: 0 })
  try {
    const mixed = { keyPem: other.keyPem, chainPem: good.fullchainPem }
    const empty = { keyPem: '', chainPem: '' }
    for (const wrong of [mixed, empty]) {
      assert.throws(
        () => installOwnCertificate(place, wrong),
        (error) => isMayflyError(error, 'key-mismatch'),
      )
      assert.equal(await servedSerial(listening.port, pki.bundlePem), good.serial)
    }
    installOwnCertificate(place, { keyPem: other.keyPem, chainPem: other.fullchainPem })
    assert.equal(await servedSerial(listening.port, pki.bundlePem), other.serial)
    // What was given at the start still holds after an exchange.
    await assert.rejects(
      servedSerial(listening.port, pki.bundlePem, { maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2' }),
    )
  } finally {
    await listening.close({ clock: systemClock, inProgress: () => 0, timeoutMs: 0 })
  }
})

test('own certificate: an answer for another key → key-mismatch', async () => {
  const pki = await createTestPki()
  const leaf = await pki.issue({ names: ['localhost'] })
  const answer = { chain: leaf.fullchainPem, serial: leaf.serial } as never
  const issuer = { mintOwn: async () => ({ answer, renewAt: 0, notAfter: 0 }) }
  await assert.rejects(
    mintOwnCertificate(issuer, { names: ['dns:localhost'], keyType: 'ec-p256' }),
    (error) => isMayflyError(error, 'key-mismatch'),
  )
})

test('renewal: when renewAt comes → minted once, also where the clock jumps over it', async () => {
  const clock = new FakeClock()
  const minted: string[] = []
  const renewal = startOwnCertificateRenewal(certificate('0', clock.now() + 10 * minuteMs), {
    clock,
    random: new FakeRandom(),
    async mint() {
      return certificate(String(minted.length + 1), clock.now() + 10 * minuteMs)
    },
    install: ({ serial }) => minted.push(serial),
    failed: (error) => assert.fail(String(error)),
  })
  await clock.advance(9 * minuteMs)
  assert.deepEqual(minted, [])
  await clock.advance(minuteMs)
  assert.deepEqual(minted, ['1'])
  clock.jump(60 * minuteMs)
  await clock.advance(minuteMs)
  assert.deepEqual(minted, ['1', '2'])
  await renewal.stop()
})

test('renewal: a mint that fails → tried again with growing pauses until it works', async () => {
  const clock = new FakeClock()
  const failed: unknown[] = []
  const renewal = startOwnCertificateRenewal(certificate('0', clock.now()), {
    clock,
    random: new FakeRandom(),
    async mint() {
      if (failed.length < 3) throw new Error('the store is away')
      return certificate('1', clock.now() + 10 * minuteMs)
    },
    install: () => undefined,
    failed: (error) => failed.push(error),
  })
  await clock.advance(10 * minuteMs)
  assert.equal(failed.length, 3)
  assert.equal(renewal.current().serial, '1')
  await renewal.stop()
})

test('own certificate: every key type of TLS 1.3 → a key pair that fits its leaf', async () => {
  const live = await startLiveIssuer({ yaml: 'tls: { keyType: ml-dsa-44, names: ["ip:127.0.0.1"] }' })
  try {
    assert.equal(await servedSerial(live.port, live.ca), live.issuer.ownSerial())
  } finally {
    await live.close()
  }
})

function certificate(serial: string, renewAt: number): OwnCertificate {
  return { material: { keyPem: '', chainPem: '' }, serial, renewAt, notAfter: renewAt + minuteMs }
}

interface Seen {
  readonly status: number | undefined
  readonly serial: string
  readonly reused: boolean
}

function get(options: object): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...options, path: '/healthz' }, (answer) => {
      const { serialNumber } = (answer.socket as import('node:tls').TLSSocket).getPeerCertificate()
      answer.resume()
      answer.on('end', () =>
        resolve({
          status: answer.statusCode,
          serial: serialNumber.toLowerCase(),
          reused: asked.reusedSocket,
        }),
      )
    })
    asked.on('error', reject)
    asked.end()
  })
}

async function servedSerial(port: number, ca: string, options: object = {}): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost', ...options })
  await once(socket, 'secureConnect')
  const { serialNumber } = socket.getPeerCertificate()
  socket.destroy()
  return serialNumber.toLowerCase()
}
