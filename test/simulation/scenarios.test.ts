import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hourMs, minuteMs } from '@mayfly/ca-core'
import { copyLineage } from './faults/copied-lineage.ts'
import { playAbsence } from './faults/long-absence.ts'
import { playOutage } from './faults/six-hour-outage.ts'
import { hostNames, runStory } from './stories/run-story.ts'

describe('a story', () => {
  test('the same seed → the same story, to the last line', async () => {
    const options = { seed: 7, hosts: hostNames(8), days: 5 }
    const [first, again] = [await runStory(options), await runStory(options)]
    assert.equal(first.broken, undefined)
    assert.equal(first.digest, again.digest)
    assert.deepEqual(first.evidence, again.evidence)
  })

  test('another seed → another story', async () => {
    const hosts = hostNames(2)
    const [one, other] = [
      await runStory({ seed: 1, hosts, days: 3 }),
      await runStory({ seed: 2, hosts, days: 3 }),
    ]
    assert.notEqual(one.digest, other.digest)
  })
})

describe('looks at the trust bundle', () => {
  /** What is drawn for a seed. */
  const draws = [
    { seed: 7, name: 'nothing, which is an hour', hours: 1 },
    { seed: 3, name: 'two hours', hours: 2 },
    { seed: 1, name: 'four hours', hours: 4 },
    { seed: 2, name: 'six hours', hours: 6 },
  ]
  for (const { seed, name, hours } of draws) {
    test(`the issuer of seed ${seed} says ${name} → they are as many as that`, async () => {
      const [hosts, days] = [hostNames(4), 4]
      const { broken, evidence } = await runStory({ seed, hosts, days, faults: [], isCalm: true })
      assert.equal(broken, undefined)
      const looks = evidence['look at the trust bundle'] ?? 0
      const expected = (hosts.length * days * 24) / hours
      assert.ok(Math.abs(looks - expected) < expected / 6, `${looks} looks, not about ${expected}`)
    })
  }
})

describe('a lineage on two hosts', () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    test(`a machine copied at a moment of seed ${seed} → suspended within a cycle of the copy, both addresses named`, async () => {
      const { copiedAt, suspendedAt, addresses } = await copyLineage(seed)
      assert.ok(suspendedAt, 'nobody noticed')
      const hours = (suspendedAt - copiedAt) / hourMs
      // The image holds the next key too: both take its certificate, at most a cycle later, and part after it.
      assert.ok(hours <= 12.25, `only ${hours} h after the copy`)
      assert.deepEqual([...addresses].sort(), ['10.0.0.1', '10.9.9.9'])
    })
  }
})

describe('a day and a half without a network', () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    test(`seed ${seed} → a good certificate is served within six minutes`, async () => {
      const minutes = (await playAbsence(seed)) / minuteMs
      assert.ok(minutes <= 6, `only after ${minutes.toFixed(1)} minutes`)
    })
  }
})

describe('six hours without an issuer, all hosts started in the same moment', () => {
  test('a synchronised fleet retries at once: 120 hosts → the busiest minute of catching up within five times the mean, and no wave half a day later', async () => {
    const { catchUp, catchUpPeak, nextDayPeak } = await playOutage(1, 120)
    const caughtUp = catchUp.reduce((sum, count) => sum + count, 0)
    assert.ok(caughtUp >= 36, `only ${caughtUp} renewals in ten minutes`)
    assert.ok(catchUpPeak <= 5, `the busiest minute has ${catchUpPeak.toFixed(1)} times the mean: ${catchUp}`)
    assert.ok(nextDayPeak <= 5, `the busiest half hour has ${nextDayPeak.toFixed(1)} times the mean`)
  })

  test('a synchronised fleet retries at once: 60 hosts → the busiest minute of catching up within five times the mean', async () => {
    const { catchUp, catchUpPeak } = await playOutage(2, 60)
    assert.ok(catchUpPeak <= 5, `the busiest minute has ${catchUpPeak.toFixed(1)} times the mean: ${catchUp}`)
  })
})
