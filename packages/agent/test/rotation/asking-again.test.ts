import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  encodeBase64url,
  hourMs,
  MayflyError,
  minuteMs,
  parseCertificateChain,
  type RequestBody,
  secondMs,
} from '@mayfly/ca-core'
import { liveGeneration } from '../../src/state/lineage-state.ts'
import type { WireRequest } from '../../src/transport/transport.ts'
import { VirtualHost } from '../support/virtual-host.ts'

async function enrolledHost(): Promise<VirtualHost> {
  const host = await VirtualHost.create()
  await host.enroll()
  await host.step()
  return host
}

/** What a signed request says. */
function bodyOf({ body }: WireRequest): RequestBody {
  const { payload = 'e30' } = JSON.parse(body ?? '{}') as { payload?: string }
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as RequestBody
}

function lastBody(host: VirtualHost): RequestBody {
  const [last] = host.issuer.requests.filter(({ url }) => url.endsWith('/requests')).slice(-1)
  if (last === undefined) throw new Error('nothing was asked for')
  return bodyOf(last)
}

describe('asking again', () => {
  test('three wrong certificates for one key: another key is made, and every request names the one before, until the head is new', async () => {
    const host = await enrolledHost()
    const first = host.state.staged?.keyHash
    host.issuer.names = [{ type: 'dns', value: 'other.example' }]
    await host.run(13 * hourMs)
    const dropped = host.events.filter(({ event }) => event === 'key-dropped').length
    assert.ok(dropped >= 1)
    assert.equal(host.state.givenUp?.length, Math.min(dropped, 16))
    assert.ok(dropped > 16 || host.state.givenUp?.at(-1) === first)
    host.issuer.names = [{ type: 'dns', value: 'web-1.example' }]
    // Kept for as long as six hours, with so much of the life left.
    await host.run(6.5 * hourMs)
    assert.deepEqual(lastBody(host).replaces, undefined, 'under the new head nothing was given up')
    const named = host.issuer.requests.filter(({ url }) => url.endsWith('/requests')).map(bodyOf)
    assert.ok(named.some(({ replaces }) => replaces?.includes(first ?? '')))
    assert.equal(host.state.givenUp, undefined)
    assert.notEqual(host.state.live?.number, 1)
  })

  test('a certificate that fails its proof three times: its key is given up and named too', async () => {
    const host = await enrolledHost()
    const first = host.state.staged?.keyHash ?? ''
    host.server.failProof = true
    await host.run(11.9 * hourMs)
    while (host.state.givenUp === undefined) await host.run(10 * secondMs)
    assert.deepEqual(host.state.givenUp, [first])
    host.server.failProof = false
    await host.run(15 * minuteMs)
    assert.equal(liveGeneration(host.state)?.number, 2)
    assert.equal(host.state.live?.served, true)
  })

  test('renew --now, and only wrong answers until the key is given up: the wish stands, and the next key is for now too', async () => {
    const host = await enrolledHost()
    host.issuer.names = [{ type: 'dns', value: 'other.example' }]
    await host.store.wishRenewal(host.clock.now())
    while (!host.events.some(({ event }) => event === 'key-dropped')) await host.run(secondMs)
    assert.ok(host.state.head.notAfter - host.clock.now() > 20 * hourMs)
    host.issuer.names = [{ type: 'dns', value: 'web-1.example' }]
    await host.run(6 * minuteMs)
    assert.equal(liveGeneration(host.state)?.number, 2)
    assert.equal(await host.store.renewalWish(), host.state.granted?.wish)
    const { minted } = host.issuer
    await host.run(2 * hourMs)
    assert.equal(host.issuer.minted, minted, 'one wish, one certificate')
  })

  test('asked for at once and put off for years: asked again until it comes, and nothing expires meanwhile', async () => {
    const host = await enrolledHost()
    const asksAtOnce = (): number =>
      host.issuer.requests.filter((request) => bodyOf(request).immediate === true).length
    host.issuer.fault = async (request, real) => {
      if (request.url.includes('/certificates/'))
        return host.issuer.problem(new MayflyError('not-minted', 'There is none yet.'))
      if (!request.url.endsWith('/requests')) return real()
      const keyHash = host.state.staged?.keyHash
      const body = { status: 'scheduled', mintAt: '2036-01-01T00:00:00Z', keyHash }
      return host.issuer.answer(200, 'application/json', JSON.stringify(body))
    }
    await host.store.wishRenewal(host.clock.now())
    await host.run(hourMs)
    assert.ok(asksAtOnce() >= 3, `asked ${asksAtOnce()} times`)
    assert.ok(asksAtOnce() <= 6, 'not at every look')
    await host.run(22 * hourMs)
    host.issuer.fault = undefined
    await host.run(21 * minuteMs)
    assert.equal(liveGeneration(host.state)?.number, 2)
    assert.equal(host.state.live?.served, true)
    assert.ok(host.clock.now() < (host.state.generations[0]?.notAfter ?? 0), 'before the old one has ended')
  })

  test('renew --now when the server was mended: tried at once, whatever is waited for; while it is down, once', async () => {
    const host = await enrolledHost()
    host.server.isDown = true
    await host.run(13 * hourMs)
    const attempts = (): number => host.state.setbacks.install?.attempts ?? 0
    while (
      !(host.state.setbacks.install && host.state.setbacks.install.retryAt - host.clock.now() > 2 * minuteMs)
    )
      await host.run(secondMs)
    const before = attempts()
    await host.store.wishRenewal(host.clock.now())
    await host.run(minuteMs)
    assert.equal(attempts(), before + 1, 'once for one wish')
    host.server.isDown = false
    await host.store.wishRenewal(host.clock.now())
    await host.run(secondMs)
    assert.equal(host.state.live?.served, true)
    assert.ok((liveGeneration(host.state)?.number ?? 0) > 1)
    assert.deepEqual(host.state.setbacks, {})
  })

  for (const code of ['quota-exceeded', 'identity-suspended'] as const) {
    test(`${code} until shortly before the end: looked at now and then, and often enough at last`, async () => {
      const host = await enrolledHost()
      const asked = (): number => host.issuer.requests.filter(({ url }) => url.endsWith('/requests')).length
      host.issuer.fault = async (request, real) =>
        request.url.endsWith('/requests') ? host.issuer.problem(new MayflyError(code, 'Not today.')) : real()
      await host.store.wishRenewal(host.clock.now())
      await host.step()
      const before = asked()
      await host.run(8 * hourMs)
      assert.ok(asked() - before <= 16, `asked ${asked() - before} times in eight hours`)
      const { notAfter } = host.state.head
      // Five minutes of patience that the refusal may ask for, and five of the host's own.
      await host.run(notAfter - host.clock.now() - 11 * minuteMs)
      host.issuer.fault = undefined
      await host.run(11 * minuteMs - secondMs)
      assert.equal(host.state.live?.served, true)
      assert.ok((liveGeneration(host.state)?.notAfter ?? 0) > notAfter)
    })
  }

  test('renew --now: one certificate for it, not one after another, also for processes to come and after an enrolment', async () => {
    const host = await enrolledHost()
    await host.store.wishRenewal(host.clock.now())
    await host.run(2 * hourMs)
    assert.equal(host.issuer.minted, 2)
    host.restart()
    await host.run(minuteMs)
    assert.equal(host.issuer.minted, 2)
    await host.enroll('BBBBBBBBBBBBBBBBBBBBBB')
    await host.run(2 * hourMs)
    assert.equal(host.issuer.minted, 3, 'what was granted before the enrolment is no wish after it')
  })

  test('renew --now, and again while its certificate is on the way: the second wish is not taken for the first', async () => {
    const host = await enrolledHost()
    await host.store.wishRenewal(host.clock.now())
    host.issuer.fault = async (request, real) => {
      const response = await real()
      if (request.url.endsWith('/requests')) {
        host.issuer.fault = undefined
        // In the same millisecond, as a script may say it.
        await host.store.wishRenewal(host.clock.now())
      }
      return response
    }
    await host.run(2 * hourMs)
    assert.equal(liveGeneration(host.state)?.number, 3)
    assert.equal(host.issuer.minted, 3)
  })

  test('the issuer does not know the lineage: asked once more, with the certificate that it has issued', async () => {
    const host = await enrolledHost()
    const leaf = parseCertificateChain(host.state.head.chainPem)[0]
    const unknown = new MayflyError('lineage-unknown', 'No certificate with that fingerprint is known here.')
    let asked = 0
    host.issuer.fault = async (request, real) => {
      if (!request.url.endsWith('/requests')) return real()
      asked++
      return bodyOf(request).introduction === undefined ? host.issuer.problem(unknown) : real()
    }
    await host.store.wishRenewal(host.clock.now())
    await host.step()
    // Once without and once with, for the certificate of the wish and for the key after it.
    assert.equal(asked, 4)
    const [shown] = host.issuer.requests.map(bodyOf).flatMap(({ introduction }) => introduction ?? [])
    assert.deepEqual(shown, {
      identity: 'web-1',
      certificate: encodeBase64url(leaf?.der ?? new Uint8Array()),
    })
    assert.equal(liveGeneration(host.state)?.number, 2)
    assert.deepEqual(host.state.setbacks, {})
  })
})
