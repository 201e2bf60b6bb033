import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { Agent, createServer, get as getWith } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import {
  encodePrivateKey,
  encodeTrustBundlePem,
  generateKeyPair,
  hourMs,
  parseName,
  type TrustBundle,
} from '@mayfly/ca-core'
import { systemClock, systemRandom } from '@mayfly/platform'
import { type ClosableTransport, openTransport } from '../../src/transport/https-transport.ts'
import { VirtualIssuer } from '../support/virtual-issuer.ts'

/** The clock of somebody for whom it is earlier or later. */
function at(offsetMs: number): typeof systemClock {
  return { ...systemClock, now: () => systemClock.now() + offsetMs }
}

/** One request, to the end of its connection. */
function askedWith(agent: Agent, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    getWith(url, { agent }, (answer) => answer.resume().once('close', resolve)).once('error', reject)
  })
}

describe('the transport', () => {
  let issuer: VirtualIssuer
  let transport: ClosableTransport
  const closers: (() => Promise<void>)[] = []

  before(async () => {
    issuer = await VirtualIssuer.create({ clock: systemClock, random: systemRandom })
    transport = openTransport(() => systemClock.now())
  })
  after(async () => {
    await transport.close()
    await Promise.all(closers.map((close) => close()))
  })

  async function serve(
    listener: RequestListener,
    from: VirtualIssuer = issuer,
    names = ['localhost'],
    madeAt = systemClock.now(),
  ): Promise<string> {
    const keyPair = await generateKeyPair('ec-p256')
    const cert = await from.mintChain(keyPair.publicKey, names.map(parseName), madeAt)
    const server = createServer({ cert, key: encodePrivateKey(keyPair) }, listener)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(
      () =>
        new Promise((resolve) => {
          server.close(() => resolve())
          server.closeAllConnections()
        }),
    )
    return `https://localhost:${(server.address() as AddressInfo).port}/`
  }

  const get = (url: string, trust: TrustBundle = issuer.bundle, bodyBytesMax = 1_000) =>
    transport.exchange({ method: 'GET', url, headers: {}, bodyBytesMax }, trust)

  test('an issuer under the bundle: answers over TLS 1.3', async () => {
    let spoken: string | null = ''
    const url = await serve((request, response) => {
      spoken = (request.socket as TLSSocket).getProtocol()
      response.end('hello')
    })
    const answer = await get(url)
    assert.equal(new TextDecoder().decode(answer.body), 'hello')
    assert.equal(spoken, 'TLSv1.3')
  })

  test('session resumed past expiry or after the roots changed: an issuer that offers sessions → a full handshake each time', async () => {
    const reused: boolean[] = []
    const url = await serve((request, response) => {
      reused.push((request.socket as TLSSocket).isSessionReused())
      response.setHeader('connection', 'close').end()
    })
    for (const _ of [1, 2, 3]) await get(url)
    assert.deepEqual(reused, [false, false, false])
    const plain = new Agent({ ca: encodeTrustBundlePem(issuer.bundle) })
    for (const _ of [1, 2]) await askedWith(plain, url)
    assert.equal(reused.at(-1), true, 'the issuer does resume')
  })

  for (const [way, theirMs, seems] of [
    ['ahead of', -30.5 * hourMs, 'have expired'],
    ['behind', 30.5 * hourMs, 'be not valid yet'],
  ] as const) {
    test(`an issuer whose certificate OpenSSL takes for one of another time, by clocks that differ: clock-wrong, ${way} it by so much`, async () => {
      const other = await VirtualIssuer.create({ clock: at(theirMs), random: systemRandom })
      const heard: string[] = []
      const listener: RequestListener = (request, response) => {
        heard.push(`${request.method} ${JSON.stringify(request.headers)}`)
        response.setHeader('date', new Date(systemClock.now() + theirMs).toUTCString()).end()
      }
      const url = await serve(listener, other, ['localhost'], systemClock.now() + theirMs)
      const said = new RegExp(
        `^the clock of this host is 1 d 6 h ${way} the clock of https://localhost:\\d+, so that the issuer's certificate seems to ${seems}\\. Set the clock`,
      )
      await assert.rejects(
        transport.exchange(
          { method: 'POST', url, headers: {}, body: 'a secret', bodyBytesMax: 10 },
          other.bundle,
        ),
        { code: 'clock-wrong', message: said },
      )
      assert.equal(heard.length, 1)
      assert.doesNotMatch(heard[0] ?? '', /secret|POST/)
    })
  }

  test('an issuer of another time under another root, or of another name: nothing is asked of it', async () => {
    const other = await VirtualIssuer.create({ clock: at(-31 * hourMs), random: systemRandom })
    let heard = 0
    const listener: RequestListener = (_, response) => {
      heard++
      response.end()
    }
    const expiredAt = systemClock.now() - 30 * hourMs
    const stranger = await serve(listener, other, ['localhost'], expiredAt)
    await assert.rejects(get(stranger), { code: 'transport-failed' })
    const elsewhere = await serve(listener, other, ['elsewhere.example'], expiredAt)
    await assert.rejects(get(elsewhere, other.bundle), { code: 'transport-failed', message: /expired/ })
    assert.equal(heard, 0)
  })

  test('an issuer that shows an expired certificate by a clock like ours: it is the issuer that is blamed', async () => {
    const other = await VirtualIssuer.create({ clock: at(-31 * hourMs), random: systemRandom })
    const url = await serve(
      (_, response) => response.end(),
      other,
      ['localhost'],
      systemClock.now() - 30 * hourMs,
    )
    await assert.rejects(get(url, other.bundle), {
      code: 'transport-failed',
      message:
        /the issuer's own certificate is not valid at this time, though the clocks agree; look at the issuer/,
    })
  })

  test('an issuer under another root: nothing reaches it', async () => {
    const other = await VirtualIssuer.create({ clock: systemClock, random: systemRandom })
    let reached = false
    const url = await serve(() => {
      reached = true
    }, other)
    await assert.rejects(get(url), {
      code: 'transport-failed',
      message: /a certificate under no root that this host trusts; .* enrolled again \(.*certificate.*\)$/,
    })
    assert.equal(reached, false)
  })

  test('an exchange under one bundle while another begins under the next: both are answered', async () => {
    let begun = (): void => undefined
    const hasBegun = new Promise<void>((resolve) => {
      begun = resolve
    })
    let finish = (): void => undefined
    const slow = await serve((_request, response) => {
      finish = () => response.end('slow')
      begun()
    })
    const answer = get(slow)
    await hasBegun
    const url = await serve((_request, response) => response.end('other'))
    await get(url, { ...issuer.bundle })
    finish()
    assert.equal(new TextDecoder().decode((await answer).body), 'slow')
  })

  test('a certificate for another name: refused', async () => {
    const url = await serve((_request, response) => response.end(), issuer, ['issuer.example'])
    await assert.rejects(get(url), { code: /name-mismatch|transport-failed/ })
  })

  test('a distrusted intermediate: refused', async () => {
    const other = await VirtualIssuer.create({ clock: systemClock, random: systemRandom })
    const url = await serve((_request, response) => response.end(), other)
    await get(url, other.bundle)
    await other.replaceIntermediate()
    await assert.rejects(get(url, other.bundle), { message: /distrust|trust/i })
  })

  test('an empty bundle: no connection, never the public roots', async () => {
    const url = await serve((_request, response) => response.end())
    await assert.rejects(() => get(url, { ...issuer.bundle, roots: [] }), { code: 'bundle-invalid' })
  })

  test('an endless body: cut off', async () => {
    const url = await serve((_request, response) => {
      const pour = (): void => {
        while (response.write('x'.repeat(10_000)));
      }
      response.on('drain', pour)
      pour()
    })
    await assert.rejects(get(url), { code: 'answer-invalid', message: /longer than 1000 bytes/ })
  })

  test('half an answer: no answer', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('half')
      setTimeout(() => response.destroy(), 10)
    })
    await assert.rejects(get(url), { code: 'transport-failed' })
  })

  test('a redirect: not followed', async () => {
    const url = await serve((_request, response) =>
      response.writeHead(302, { location: 'https://example.org/' }).end(),
    )
    assert.equal((await get(url)).status, 302)
  })

  test('nobody listens: told with the URL', async () => {
    await assert.rejects(get('https://127.0.0.1:1/'), { code: 'transport-failed', message: /127\.0\.0\.1:1/ })
  })
})
