import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hourMs, MayflyError, minuteMs } from '@mayfly/ca-core'
import { certificateSchema } from '../../src/configuration/certificate-settings.ts'
import { planRotation } from '../../src/rotation/plan-rotation.ts'
import { VirtualHost } from '../support/virtual-host.ts'

const second = 'https://second.example'
const sixHours = 'public, s-maxage=60, max-age=21600'

/** A host whose issuer says `cacheControl` with the bundle, and that has looked at it once. */
async function hostWhere(cacheControl: string | undefined, issuers?: string[]): Promise<VirtualHost> {
  const host = await VirtualHost.create()
  if (issuers !== undefined) {
    host.subject = { ...host.subject, settings: certificateSchema.parse({ issuers }) }
    host.restart()
  }
  host.issuer.cacheControl = cacheControl
  await host.enroll()
  await host.run(61 * minuteMs)
  return host
}

function looksIn(host: VirtualHost): number {
  const looks = host.issuer.requests.filter(({ url }) => url.endsWith('/v1/bundle')).length
  host.issuer.requests.length = 0
  return looks
}

describe('planning the next look at the trust bundle', () => {
  /** Of a certificate that lives `lifetimeSeconds`, held since now: how long until then; 0 where it is due. */
  async function waitMs(lifetimeSeconds: number, maxAgeSeconds: number | undefined, ageMs = 0) {
    const host = await VirtualHost.create({ lifetimeSeconds })
    await host.enroll()
    await host.step()
    const { held } = host.keeper.view()
    assert.ok(held)
    const now = host.clock.now()
    const [first] = planRotation(host.state, { ...held, checkedAt: now - ageMs, maxAgeSeconds }, now)
    if (first?.do === 'refresh-bundle') return 0
    assert.ok(first?.do === 'wait' && first.because === 'bundle-fresh', JSON.stringify(first))
    return first.until - now
  }

  // Issuers date a certificate back by five minutes: its life is that much shorter.
  const dayShare = 1435 / 1440

  test('a life of a day, and the issuer said nothing → an hour', async () => {
    assert.equal(await waitMs(86_400, undefined), hourMs * dayShare)
    assert.equal(await waitMs(86_400, undefined, hourMs), 0)
  })

  test('the issuer said two hours → two hours after the look', async () => {
    assert.equal(await waitMs(86_400, 7_200), 2 * hourMs)
    assert.equal(await waitMs(86_400, 7_200, 119 * minuteMs), minuteMs)
    assert.equal(await waitMs(86_400, 7_200, 2 * hourMs), 0)
  })

  test('the issuer said a minute → a minute; whatever it said, never less than two seconds', async () => {
    assert.equal(await waitMs(86_400, 60), minuteMs)
    assert.equal(await waitMs(86_400, 0), 2_000)
  })

  test('the issuer said more than a quarter of the life → that quarter', async () => {
    assert.equal(await waitMs(86_400, 21_600), 6 * hourMs * dayShare)
    assert.equal(await waitMs(7_200, 21_600), 30 * minuteMs)
  })

  test('a clock that was set back behind the look → due, whatever the issuer said', async () => {
    assert.equal(await waitMs(86_400, 7_200, -minuteMs), 0)
  })
})

describe('how long a look at the trust bundle holds', () => {
  const ways = [
    { name: 'the issuer says nothing', value: undefined, looks: 24 },
    { name: 'six hours, of a certificate that lives a day', value: sixHours, looks: 4 },
    { name: 'two hours', value: 'max-age=7200', looks: 12 },
    { name: 'ten minutes', value: 'max-age=600', looks: 144 },
    { name: 'more than any issuer may say', value: 'max-age=604800', looks: 24 },
    { name: 'no time at all', value: 'max-age=0', looks: 24 },
    { name: 'garbage', value: 'max-age=soon', looks: 24 },
  ]
  for (const { name, value, looks } of ways) {
    test(`${name} → ${looks} looks in a day`, async () => {
      const host = await hostWhere(value)
      looksIn(host)
      await host.run(24 * hourMs)
      assert.equal(looksIn(host), looks)
    })
  }

  test('the bundle is another one (200), and the next look finds the same (304) → both say how long they hold', async () => {
    const host = await hostWhere(undefined)
    host.issuer.cacheControl = sixHours
    await host.issuer.publish()
    await host.run(hourMs)
    assert.equal(host.keeper.view().held?.bundle.sequence, 2)
    looksIn(host)
    await host.run(5.5 * hourMs)
    assert.equal(looksIn(host), 0)
    await host.run(30 * minuteMs)
    assert.equal(looksIn(host), 1)
    host.issuer.cacheControl = undefined
    await host.run(5.9 * hourMs)
    assert.equal(looksIn(host), 0)
    await host.run(2.2 * hourMs)
    assert.equal(looksIn(host), 3)
  })

  test('an answer names a newer bundle → looked for at once, all the same', async () => {
    const host = await hostWhere(sixHours)
    await host.issuer.publish()
    await host.store.wishRenewal(host.clock.now())
    await host.run(minuteMs)
    assert.equal(host.keeper.view().held?.bundle.sequence, 2)
  })

  test('the look fails → tried again every few minutes, and what is held goes on', async () => {
    const host = await hostWhere(sixHours)
    await host.run(5.5 * hourMs)
    looksIn(host)
    host.issuer.fault = async () => {
      throw new MayflyError('transport-failed', 'no route')
    }
    await host.run(2 * hourMs)
    assert.ok(looksIn(host) > 12)
    host.issuer.fault = undefined
    await host.issuer.publish()
    await host.run(6 * minuteMs)
    assert.equal(host.keeper.view().held?.bundle.sequence, 2)
  })

  test('the process begins anew → looks at once, and knows again', async () => {
    const host = await hostWhere(sixHours)
    looksIn(host)
    host.restart()
    await host.run(minuteMs)
    assert.equal(looksIn(host), 1)
    await host.run(5.9 * hourMs)
    assert.equal(looksIn(host), 0)
  })

  test('two issuers → the word of the first; where it is away, of the second', async () => {
    const host = await hostWhere(undefined, ['https://issuer.example', second])
    const first = host.issuer.url
    let isFirstAway = false
    host.issuer.fault = async (request, real) => {
      const answer = await real()
      const isFirst = request.url.startsWith(first)
      if (isFirst && isFirstAway) throw new MayflyError('transport-failed', 'no route')
      const said = isFirst ? 'max-age=7200' : 'max-age=14400'
      return { ...answer, headers: { ...answer.headers, 'cache-control': said } }
    }
    await host.run(hourMs)
    looksIn(host)
    // Both are asked at each look.
    await host.run(4 * hourMs)
    assert.equal(looksIn(host), 2 * 2)
    isFirstAway = true
    await host.run(2 * hourMs)
    looksIn(host)
    await host.run(8 * hourMs)
    assert.equal(looksIn(host), 2 * 2)
  })
})
