import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hourMs, type Instant, MayflyError, minuteMs, parseName, secondMs } from '@mayfly/ca-core'
import { FakeRandom } from '../../../../test/fakes/fake-random.ts'
import { paceOf } from '../../src/rotation/pace.ts'
import { wasteKey } from '../../src/rotation/waste-key.ts'
import { liveGeneration } from '../../src/state/lineage-state.ts'
import { mayGiveUp, type WastedKeys } from '../../src/state/wasted-keys.ts'
import { VirtualHost } from '../support/virtual-host.ts'

/** As `docs/rotation-cycle.md` states it. */
const mintedADayMax = 10

async function enrolledHost(): Promise<VirtualHost> {
  const host = await VirtualHost.create()
  await host.enroll()
  await host.step()
  return host
}

const causes: readonly {
  readonly name: string
  /** The issuer is so old: what it made in its first hours would have expired. */
  readonly afterMs?: number
  begin(host: VirtualHost): void
  end(host: VirtualHost): void
}[] = [
  {
    name: 'every proof fails',
    begin: ({ server }) => {
      server.failProof = true
    },
    end: ({ server }) => {
      server.failProof = false
    },
  },
  {
    name: 'every answer lacks the names',
    begin: ({ issuer }) => {
      issuer.names = [parseName('dns:other.example')]
    },
    end: ({ issuer }) => {
      issuer.names = [parseName('dns:web-1.example')]
    },
  },
  {
    name: 'every certificate has expired when it comes',
    afterMs: 49 * hourMs,
    begin: ({ issuer }) => {
      issuer.mintedAtMs = -30 * hourMs
    },
    end: ({ issuer }) => {
      issuer.mintedAtMs = 0
    },
  },
]

describe('a certificate whose key no wanted format can hold', () => {
  test('its type was changed after it was made: given up after three attempts, and one of another key is served', async () => {
    const host = await enrolledHost()
    const { server } = host
    const encode = server.encode.bind(server)
    const first = host.state.head.chainPem
    let held: string | undefined
    server.encode = async (material) => {
      if (material.chainPem !== first) held ??= material.chainPem
      if (material.chainPem !== held) return encode(material)
      throw new MayflyError('key-type-unsupported', 'No program opens a store with such a key.')
    }
    await host.run(12.5 * hourMs)
    assert.notEqual(held, undefined)
    assert.equal(host.state.live?.served, true)
    assert.notEqual(host.state.head.chainPem, first)
    assert.equal(
      host.events.filter((event) => event.event === 'failed' && event.track === 'install').length,
      3,
    )
  })
})

describe('a host on which no certificate succeeds', () => {
  for (const { name, afterMs = 0, begin, end } of causes) {
    test(`certificates of which none succeeds lead to endless issuance: ${name}, for three days: at most ten certificates a day, and a good one soon after the cause is gone`, async () => {
      const host = await enrolledHost()
      await host.run(afterMs)
      begin(host)
      for (let day = 1; day <= 3; day++) {
        const { minted } = host.issuer
        const asked = host.issuer.requests.length
        await host.run(24 * hourMs)
        const onThisDay = host.issuer.minted - minted
        assert.ok(onThisDay >= 3, `day ${day}: does not give up (${onThisDay} certificates)`)
        assert.ok(onThisDay <= mintedADayMax, `day ${day}: ${onThisDay} certificates`)
        assert.ok(host.issuer.requests.length - asked < 1_000, `day ${day}: asks at its pace`)
      }
      end(host)
      await host.run(6.1 * hourMs)
      assert.ok(host.state.head.notAfter > host.clock.now())
      assert.equal(host.server.servedChain, host.state.head.chainPem)
      assert.equal(host.state.wasted, undefined)
    })
  }

  test('the proof succeeds again: the certificate that waits is served within minutes, and no other is asked for', async () => {
    const host = await enrolledHost()
    host.server.failProof = true
    await host.run(16 * hourMs)
    const { minted } = host.issuer
    assert.ok(host.state.candidate)
    host.server.failProof = false
    await host.run(6 * minuteMs)
    assert.equal(host.state.live?.served, true)
    assert.equal(liveGeneration(host.state)?.number, 2)
    assert.equal(host.issuer.minted, minted)
    assert.equal(host.state.wasted, undefined)
  })

  for (const leftHours of [10, 5, 2, 1, 0.75]) {
    test(`the issuer is right again ${leftHours} h before the end: replaced before it, by itself`, async () => {
      const host = await enrolledHost()
      const end = host.state.head.notAfter
      host.issuer.names = [parseName('dns:other.example')]
      await host.run(end - leftHours * hourMs - host.clock.now())
      host.issuer.names = [parseName('dns:web-1.example')]
      await host.run(leftHours * hourMs - minuteMs)
      assert.equal(liveGeneration(host.state)?.number, 2)
      assert.equal(host.state.live?.served, true)
    })
  }

  test('the issuer is right again just before the end, too late to be seen: replaced within the hour after it', async () => {
    const host = await enrolledHost()
    const end = host.state.head.notAfter
    host.issuer.names = [parseName('dns:other.example')]
    await host.run(end - minuteMs - host.clock.now())
    host.issuer.names = [parseName('dns:web-1.example')]
    await host.run(hourMs)
    assert.equal(host.state.live?.served, true)
    assert.ok(host.state.head.notAfter > host.clock.now())
  })

  test('the issuer is right again, and a person says `renew --now`: another key at once, for one wish once', async () => {
    const host = await enrolledHost()
    host.issuer.names = [parseName('dns:other.example')]
    await host.run(13 * hourMs)
    const before = host.issuer.minted
    await host.store.wishRenewal(host.clock.now())
    await host.run(30 * minuteMs)
    assert.equal(host.issuer.minted, before + 1, 'the wish is heard once')
    host.issuer.names = [parseName('dns:web-1.example')]
    await host.store.wishRenewal(host.clock.now())
    await host.run(6 * minuteMs)
    assert.equal(liveGeneration(host.state)?.number, 2)
    assert.equal(await host.store.renewalWish(), host.state.granted?.wish)
    assert.equal(host.state.wasted, undefined)
  })

  test('a candidate whose proof fails is kept, and a person says `renew --now`: another one at once', async () => {
    const host = await enrolledHost()
    host.server.failProof = true
    await host.run(13 * hourMs)
    const { candidate } = host.state
    assert.ok(candidate)
    const before = host.issuer.minted
    await host.store.wishRenewal(host.clock.now())
    await host.run(6 * minuteMs)
    assert.equal(host.issuer.minted, before + 1)
    assert.notEqual(host.state.candidate?.serial, candidate.serial)
  })

  for (const { name, afterMs = 0, begin } of causes) {
    test(`${name}: a key is given up as soon as it may be`, async () => {
      const host = await enrolledHost()
      await host.run(afterMs)
      begin(host)
      await host.run(12.2 * hourMs)
      for (let times = 0; times < 4; times++) {
        const keepUntil: Instant = host.state.wasted?.keepUntil ?? 0
        assert.ok(keepUntil > host.clock.now() + 5 * minuteMs)
        const before = host.events.length
        await host.run(keepUntil - host.clock.now() + secondMs)
        const dropped = host.events.slice(before).filter(({ event }) => event === 'key-dropped')
        assert.equal(dropped.length, 1)
      }
    })
  }

  test('the process ends and another begins: the wait is kept', async () => {
    const host = await enrolledHost()
    host.server.failProof = true
    await host.run(12.2 * hourMs)
    const { wasted } = host.state
    assert.equal(wasted?.minted.length, 2)
    const before = host.issuer.minted
    for (let starts = 0; starts < 10; starts++) {
      host.restart()
      await host.run(2 * minuteMs)
    }
    assert.equal(host.issuer.minted, before)
    assert.deepEqual(host.state.wasted, wasted)
  })
})

describe('how long a certified key is kept', () => {
  const now = Date.UTC(2026, 2, 2)
  const pace = paceOf({ serial: 'aa', chainPem: '', keyPem: '', notBefore: now, notAfter: now + 24 * hourMs })
  const waste = (leftMs: number, before?: WastedKeys, wish?: string): WastedKeys =>
    wasteKey(before, { now, random: new FakeRandom(), pace, liveUntil: now + leftMs, wish })
  const wait = ({ keepUntil }: WastedKeys): number => keepUntil - now

  /** So many were minted just now. */
  function often(times: number, leftMs: number): WastedKeys {
    let wasted = waste(leftMs)
    for (let time = 1; time < times; time++) wasted = waste(leftMs, wasted)
    return wasted
  }

  for (const [leftHours, mostHours] of [
    [12, 4],
    [7, 3.85],
    [2, 1.1],
    [1, 0.55],
    [0.2, 1 / 6],
  ] as const) {
    test(`with ${leftHours} h left: about ${mostHours} h`, () => {
      const hours = wait(waste(leftHours * hourMs)) / hourMs
      assert.ok(hours >= mostHours * 0.85 && hours <= mostHours, `${hours} h`)
    })
  }

  test('five of the day are spent, with twelve hours left: longer, so that some are left for the last hour', () => {
    const hours = wait(often(5, 12 * hourMs)) / hourMs
    assert.ok(hours > 7 && hours < 12, `${hours} h`)
  })

  test('after the end: the first soon, then as long as it has been, up to six hours', () => {
    for (const [ago, most] of [
      [0.05, 1 / 6],
      [1, 2.4],
      [30, 6],
    ] as const) {
      const hours = wait(waste(-ago * hourMs)) / hourMs
      assert.ok(hours <= most, `${ago} h after: ${hours} h`)
    }
  })

  test('ten in a day: none before the oldest is a day ago', () => {
    const ten = often(9, -hourMs)
    assert.equal(ten.minted.length, 10)
    assert.ok(ten.keepUntil >= now + 24 * hourMs)
  })

  const cases: readonly { name: string; at: Instant; wish?: string; may: boolean }[] = [
    { name: 'before', at: now + minuteMs, may: false },
    { name: 'before, under the wish that stood then', at: now + minuteMs, wish: 'one', may: false },
    { name: 'before, under a wish since', at: now + minuteMs, wish: 'two', may: true },
    { name: 'after', at: now + 7 * hourMs, may: true },
    { name: 'on a clock that was set back', at: now - minuteMs, may: true },
  ]
  for (const { name, at, wish, may } of cases) {
    test(`${name} → ${may ? 'may be given up' : 'is kept'}`, () => {
      assert.equal(mayGiveUp(waste(20 * hourMs, undefined, 'one'), wish, at), may)
    })
  }

  test('under a wish since → counts from one again', () => {
    assert.equal(waste(20 * hourMs, often(5, 20 * hourMs), 'new').minted.length, 2)
  })
})
