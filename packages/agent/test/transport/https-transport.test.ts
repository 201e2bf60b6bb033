import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { encodePrivateKey, generateKeyPair, parseName, type TrustBundle } from '@mayfly/ca-core'
import { systemClock, systemRandom } from '@mayfly/platform'
import { type ClosableTransport, openTransport } from '../../src/transport/https-transport.ts'
import { VirtualIssuer } from '../support/virtual-issuer.ts'

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
  ): Promise<string> {
    const keyPair = await generateKeyPair('ec-p256')
    const cert = await from.mintChain(keyPair.publicKey, names.map(parseName))
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
      const socket = request.socket as import('node:tls').TLSSocket
      spoken = socket.getProtocol()
      response.end('hello')
    })
    const answer = await get(url)
    assert.equal(new TextDecoder().decode(answer.body), 'hello')
    assert.equal(spoken, 'TLSv1.3')
  })

  test('an issuer under another root: nothing reaches it', async () => {
    const other = await VirtualIssuer.create({ clock: systemClock, random: systemRandom })
    let reached = false
    const url = await serve(() => {
      reached = true
    }, other)
    await assert.rejects(get(url), { code: 'transport-failed' })
    assert.equal(reached, false)
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
    assert.throws(() => get(url, { ...issuer.bundle, roots: [] }), { code: 'bundle-invalid' })
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
