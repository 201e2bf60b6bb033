import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createRelays, isAddressOrNetwork } from '../../src/api/limits/relays.ts'
import { ask } from '../support/https-caller.ts'
import { type LiveIssuer, startLiveIssuer } from '../support/live-issuer.ts'

describe('relays', () => {
  const relays = createRelays(['192.0.2.1', '10.0.0.0/8', '2001:db8::/32'])

  for (const [what, peer, header, address, relay] of [
    ['no header', '192.0.2.1', undefined, '192.0.2.1', undefined],
    ['a header of one who is no relay', '203.0.113.9', '198.51.100.7', '203.0.113.9', undefined],
    ['a relay', '192.0.2.1', '198.51.100.7', '198.51.100.7', '192.0.2.1'],
    ['a relay in IPv6 form', '::ffff:192.0.2.1', '198.51.100.7', '198.51.100.7', '::ffff:192.0.2.1'],
    [
      'what the caller wrote, left of its address',
      '192.0.2.1',
      '1.1.1.1, 198.51.100.7',
      '198.51.100.7',
      '192.0.2.1',
    ],
    [
      'a caller that calls itself a relay',
      '192.0.2.1',
      '1.1.1.1, 10.0.0.1, 198.51.100.7',
      '198.51.100.7',
      '192.0.2.1',
    ],
    ['a row of relays', '192.0.2.1', '198.51.100.7, 10.9.9.9,10.1.1.1', '198.51.100.7', '192.0.2.1'],
    ['relays only', '192.0.2.1', '10.1.1.1, 10.9.9.9', '10.1.1.1', '192.0.2.1'],
    ['what cannot be read', '192.0.2.1', '198.51.100.7, unknown', '192.0.2.1', undefined],
    ['what cannot be read, behind another relay', '192.0.2.1', 'x, 10.1.1.1', '10.1.1.1', '192.0.2.1'],
    ['nothing', '192.0.2.1', '', '192.0.2.1', undefined],
    ['a port, and IPv6 in brackets', '192.0.2.1', '[2001:DB9::1]:443', '2001:db9::1', '192.0.2.1'],
    ['a port', '2001:db8::7', '198.51.100.7:9000', '198.51.100.7', '2001:db8::7'],
    ['a line end and a quote', '192.0.2.1', '198.51.100.7\n"', '192.0.2.1', undefined],
  ] as const) {
    it(`${what} → ${address}`, () => {
      assert.deepEqual(relays.callerOf(peer, header), relay === undefined ? { address } : { address, relay })
    })
  }

  it('a header without end → only its right end is looked at', () => {
    const header = `198.51.100.7,${'10.1.1.1,'.repeat(1_000)}10.2.2.2`
    assert.deepEqual(relays.callerOf('192.0.2.1', header), { address: '10.1.1.1', relay: '192.0.2.1' })
  })

  it('none configured → nobody is believed', () => {
    assert.deepEqual(createRelays([]).callerOf('192.0.2.1', '198.51.100.7'), { address: '192.0.2.1' })
  })

  it('settings: addresses and networks, and nothing else', () => {
    for (const good of ['192.0.2.1', '10.0.0.0/8', '::1', '2001:db8::/32'])
      assert.ok(isAddressOrNetwork(good), good)
    for (const bad of ['', 'relay.example', '10.0.0.0/33', '10.0.0.0/', '::1/129', '1/2/3', '10.0.0.0/8/9'])
      assert.ok(!isAddressOrNetwork(bad), bad)
  })
})

describe('an issuer behind a relay', () => {
  let live: LiveIssuer
  before(async () => {
    live = await startLiveIssuer({
      yaml: 'limits: { relays: [127.0.0.2], address: { perMinute: 1, burst: 4 }, connectionsPerAddress: 100 }',
    })
  })
  after(() => live.close())

  const enroll = (localAddress: string, forwardedFor?: string) =>
    ask(live.port, live.ca, {
      method: 'POST',
      path: '/v1/enrollments',
      json: { token: 'no.token.here', csr: 'x' },
      headers: forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor },
      tls: { localAddress },
    })
  const newest = async () => {
    const { number } = await live.store.auditEnd()
    const [record] = await live.store.auditRecords({ afterNumber: number - 1, limit: 1 })
    return JSON.parse(record?.text ?? '{}')
  }

  it('callers behind it → counted each for itself; the audit has both addresses', async () => {
    for (const caller of ['198.51.100.1', '198.51.100.2', '198.51.100.3']) {
      for (let time = 0; time < 3; time += 1) {
        assert.equal((await enroll('127.0.0.2', `1.2.3.4, ${caller}`)).status, 401)
      }
      const { address, relay } = await newest()
      assert.deepEqual([address, relay], [caller, '127.0.0.2'])
    }
    assert.equal((await enroll('127.0.0.2', '198.51.100.1')).status, 401)
    assert.equal((await enroll('127.0.0.2', '198.51.100.1')).status, 429)
  })

  it('forged X-Forwarded-For: a caller that invents addresses without a relay → counted as what it is', async () => {
    const statuses: number[] = []
    for (let index = 0; index < 5; index += 1) {
      statuses.push((await enroll('127.0.0.1', `203.0.113.${index}`)).status)
    }
    assert.deepEqual(statuses, [401, 401, 401, 401, 429])
    const { address, relay } = await newest()
    assert.deepEqual([address, relay], ['127.0.0.1', undefined])
  })

  it('a reload that takes the relay away → it is a caller like any other', async () => {
    const { limits } = live.configuration
    await live.issuer.reload({ ...live.configuration, limits: { ...limits, relays: [] } })
    await enroll('127.0.0.2', '198.51.100.9')
    const { address, relay } = await newest()
    assert.deepEqual([address, relay], ['127.0.0.2', undefined])
  })
})
