import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { addSeconds, hourMs, type Instant, type Random } from '@mayfly/ca-core'
import fc from 'fast-check'
import { paceOf } from '../../packages/agent/src/rotation/pace.ts'
import { wasteKey } from '../../packages/agent/src/rotation/waste-key.ts'
import type { WastedKeys } from '../../packages/agent/src/state/wasted-keys.ts'
import { readIssuerConfiguration } from '../../packages/issuer-daemon/src/configuration/read-configuration.ts'
import { MemoryFileSystem } from '../fakes/memory-file-system.ts'

const end = Date.UTC(2026, 2, 2)
const lifeHours = 24
const pace = paceOf({
  serial: 'aa',
  chainPem: '',
  keyPem: '',
  notBefore: addSeconds(end, -lifeHours * 3_600),
  notAfter: end,
})
/** As `docs/rotation-cycle.md` states it. */
const dayMax = 10
const runs = { numRuns: 1_000 }

/** What is left when a certificate is minted, in hours, if every one of them is bad from `leftHours` before the end on. */
function mintTimes(leftHours: number, draws: readonly number[]): number[] {
  const begin: Instant = end - leftHours * hourMs
  // The first was minted in its turn; its key is given up, and the next is minted at once.
  const times = [leftHours]
  let wasted: WastedKeys | undefined
  for (const draw of draws) {
    const at = wasted?.keepUntil ?? begin
    times.push((end - at) / hourMs)
    wasted = wasteKey(wasted, { now: at, random: drawing(draw), pace, liveUntil: end, wish: undefined })
  }
  return times
}

/** From each to the next. */
function waits(times: readonly number[]): readonly number[] {
  return times.slice(1).map((time, index) => (times[index] ?? 0) - time)
}

function drawing(fraction: number): Random {
  return { bytes: (count) => new Uint8Array(count).fill(Math.floor(fraction * 255)) }
}

const draws = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 30, maxLength: 30 })
const from = (min: number, max: number) => fc.double({ min, max, noNaN: true })

describe('a host on which every certificate comes to nothing, whatever it draws', () => {
  let quota: number
  before(async () => {
    const fileSystem = new MemoryFileSystem()
    const text =
      'url: https://issuer.test\nlisten: 127.0.0.1:8443\nstate: /state\ntrustDomain: test\npassphrase: { prompt: true }\n'
    await fileSystem.replaceFile('/issuer.yaml', new TextEncoder().encode(text), { mode: 0o600 })
    quota = (await readIssuerConfiguration(fileSystem, '/issuer.yaml')).issuing.dailyQuota
  })

  test('from any time on: ten certificates in 24 hours at the most, and the issuer has more for it', () => {
    fc.assert(
      fc.property(from(-24, lifeHours), draws, (leftHours, drawn) => {
        // With the one that is live, which was minted too.
        const times = [lifeHours, ...mintTimes(leftHours, drawn)]
        for (const time of times) {
          const onThatDay = times.filter((other) => other <= time && other > time - 24)
          assert.ok(onThatDay.length <= dayMax, `${onThatDay.length} from ${time} h before the end on`)
        }
      }),
      { ...runs, examples: [[13.28806516503228, Array.from({ length: 30 }, () => 0)]] },
    )
    const enrolment = 1
    const recovery = 1
    assert.ok(quota >= dayMax + enrolment + recovery, `the usual quota is ${quota}`)
  })

  test('from the second half of a life on: seven before the end, one within the last half hour, and no wait over five and a half', () => {
    fc.assert(
      fc.property(from(lifeHours / 4, lifeHours / 2), draws, (leftHours, drawn) => {
        const times = mintTimes(leftHours, drawn)
        assert.ok(times.filter((time) => time > 0).length >= 7)
        assert.ok(times.some((time) => time > 0 && time <= 0.5))
        for (const wait of waits(times.filter((time) => time > 0))) assert.ok(wait <= 5.6, `${wait} h`)
      }),
      runs,
    )
  })

  test('in the last hour: tried again within 36 minutes, and the nearer the end, the sooner', () => {
    fc.assert(
      fc.property(from(0, lifeHours / 2), draws, (leftHours, drawn) => {
        const late = mintTimes(leftHours, drawn).filter((time) => time <= 1 && time > -0.1)
        for (const [index, wait] of waits(late).entries()) {
          const left = late[index] ?? 0
          assert.ok(wait <= Math.max(left * 0.6, 0.42), `${wait} h, with ${left} h left`)
        }
      }),
      runs,
    )
  })

  test('after the end: one every 6.2 hours at the least', () => {
    fc.assert(
      fc.property(from(-24, lifeHours), draws, (leftHours, drawn) => {
        const times = mintTimes(leftHours, drawn)
        for (const [index, wait] of waits(times).entries())
          if ((times[index + 1] ?? 1) < 0)
            assert.ok(wait <= 6.2, `${wait} h, ${times[index]} h before the end`)
      }),
      runs,
    )
  })

  test('an hour and more before the end: another one is tried before it', () => {
    fc.assert(
      fc.property(from(1, lifeHours), draws, (leftHours, drawn) => {
        const [, , next = 0] = mintTimes(leftHours, drawn)
        assert.ok(next >= 0.25, `${next} h before the end`)
      }),
      runs,
    )
  })
})
