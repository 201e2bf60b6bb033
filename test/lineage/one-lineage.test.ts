import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { dayMs, generateKeyPair, hourMs, minuteMs, type PublicKey } from '@mayfly/ca-core'
import fc from 'fast-check'
import { type Happening, happening, restoring, Story } from './lineage-story.ts'
import { type ModelHost, rotateCalmly } from './model-host.ts'

const cycleMs = 12 * hourMs
/** Between two sweeps, and between two looks of a host. */
const lookMs = 5 * minuteMs
/** How long an expired certificate may still ask. */
const recoveryMs = 7 * dayMs
const runs = 1_500
/** More than any story takes. */
const keysMax = 600

let pool: readonly PublicKey[]
before(async () => {
  const pairs = await Promise.all(Array.from({ length: keysMax }, () => generateKeyPair('ec-p256')))
  pool = pairs.map(({ publicKey }) => publicKey)
})

function storyOf(happenings: readonly Happening[]): Story {
  const story = new Story(pool)
  for (const next of happenings) {
    story.happen(next)
    assert.ok(!story.isSuspended, 'one host was taken for two')
  }
  return story
}

/** Time passes with a network that works. */
function passCalmly(story: Story, host: ModelHost, milliseconds: number): void {
  for (let passed = 0; passed < milliseconds; passed += lookMs) {
    rotateCalmly(host, story.issuer, story.now)
    story.pass(lookMs)
  }
  assert.ok(!story.isSuspended, 'one host was taken for two')
}

/** Both hosts go on, now one first, now the other, until somebody notices. */
function passOnBoth(story: Story, copy: ModelHost, order: Iterable<boolean>): void {
  const copiedAt = story.now
  for (const isCopyFirst of order) {
    const both = isCopyFirst ? [copy, story.host] : [story.host, copy]
    for (const one of both) rotateCalmly(one, story.issuer, story.now)
    if (story.isSuspended) return
    // A sweep and a look come on top of the cycle.
    assert.ok(story.now <= copiedAt + cycleMs + 2 * lookMs, 'nobody noticed within a cycle')
    story.pass(lookMs)
  }
}

describe('a lineage on one host', () => {
  test('messages lost, late and doubled, answers lost and wrong, crashes on both sides → never suspended, and it goes on', () => {
    fc.assert(
      fc.property(fc.array(happening, { minLength: 5, maxLength: 80 }), (happenings) => {
        const story = storyOf(happenings)
        const { keyPem } = story.host.state.head
        passCalmly(story, story.host, 2 * cycleMs + hourMs)
        // Out for longer than the recovery window, a host needs a person.
        const isLost = story.host.state.head.notAfter + recoveryMs < story.now
        assert.ok(isLost || story.host.state.head.keyPem !== keyPem, 'the host is stuck')
      }),
      { numRuns: runs },
    )
  })

  test('the issuer restored from older backups besides → never suspended', () => {
    fc.assert(
      fc.property(fc.array(restoring, { minLength: 10, maxLength: 80 }), (happenings) => {
        storyOf(happenings)
      }),
      { numRuns: runs },
    )
  })

  test('the machine is copied, and the original never runs again → never suspended', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
        const story = storyOf(happenings)
        passCalmly(story, story.host.copy('198.51.100.7'), 2 * cycleMs)
      }),
      { numRuns: runs / 5 },
    )
  })
})

describe('a lineage on two hosts from one image', () => {
  test('copied at any moment of any life, whoever asks first → suspended within one cycle of the copy', () => {
    fc.assert(
      fc.property(
        fc.array(happening, { maxLength: 40 }),
        fc.infiniteStream(fc.boolean()),
        // Into any part of a calm cycle, from just begun to just before its end.
        fc.nat(13 * 60),
        (happenings, order, calmMinutes) => {
          const story = storyOf(happenings)
          passCalmly(story, story.host, calmMinutes * minuteMs)
          fc.pre(story.now < story.host.state.head.notAfter + recoveryMs - dayMs)
          passOnBoth(story, story.host.copy('198.51.100.7'), order)
          const { addresses = [] } = story.issuer.identity.suspension ?? {}
          assert.deepEqual([...addresses].sort(), ['192.0.2.1', '198.51.100.7'])
        },
      ),
      { numRuns: runs },
    )
  })
})
