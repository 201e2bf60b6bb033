import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { dayMs, hourMs, minuteMs } from '@mayfly/ca-core'
import { copyLineage } from './faults/copied-lineage.ts'
import type { Fault } from './faults/fault.ts'
import { playOutage } from './faults/six-hour-outage.ts'
import { type MutantName, mutants } from './mutants.ts'
import { promises } from './promises/broken-promise.ts'
import { explainFailure } from './stories/explain-failure.ts'
import { hostNames, runStory, type StoryOptions } from './stories/run-story.ts'
import { storyStart } from './stories/story.ts'
import { quickenStories } from './virtual/quicken-stories.ts'

const lossOfPower: Fault = {
  kind: 'agent-crash',
  host: 'host-1',
  operation: 1,
  power: true,
  from: storyStart + 2 * dayMs,
  to: storyStart + 2 * dayMs + minuteMs,
}
const startOnOther: Fault = {
  kind: 'server-set-back',
  host: 'host-1',
  from: storyStart + dayMs + 12 * hourMs,
  to: storyStart + dayMs + 12 * hourMs,
}
const quiet: StoryOptions = {
  seed: 1,
  hosts: hostNames(2),
  days: 4,
  faults: [startOnOther, lossOfPower],
  isCalm: true,
  handshakeShare: 0,
}
// In what the fixed seeds are played with, so that nothing there hides what is broken.
quickenStories()

const inScenarios: readonly MutantName[] = ['issuer that forgets a copy', 'agents that draw the same']
const inStories = (Object.keys(mutants) as MutantName[]).filter((name) => !inScenarios.includes(name))

describe('a product that is broken on purpose', () => {
  test('unbroken → the same story keeps every promise', async () => {
    const { broken, evidence } = await runStory(quiet)
    assert.equal(broken, undefined)
    assert.ok(evidence['server started on its certificate of before'], 'that fault must be felt')
  })

  for (const mutant of inStories) {
    const { breaks, hosts } = mutants[mutant]
    test(`${mutant} → ${breaks} is broken`, async () => {
      const story = hosts === undefined ? quiet : { ...quiet, hosts: hostNames(hosts) }
      const { broken } = await runStory({ ...story, mutant })
      assert.equal(broken?.promise, breaks, String(broken?.message))
    })
  }

  test('issuer that forgets a copy → nobody is suspended', async () => {
    const { suspendedAt } = await copyLineage(1, mutants['issuer that forgets a copy'].mutate())
    assert.equal(suspendedAt, undefined)
  })

  test('agents that draw the same → they come back in one crowd', async () => {
    const { catchUpPeak } = await playOutage(1, 40, mutants['agents that draw the same'].mutate())
    assert.ok(catchUpPeak > 5, `the busiest minute has ${catchUpPeak.toFixed(1)} times the mean`)
  })

  test('every promise → has a mutant that breaks it', () => {
    const broken = Object.values(mutants).map(({ breaks }) => breaks)
    assert.deepEqual([...new Set(broken)].sort(), Object.keys(promises).sort())
  })
})

describe('the explanation of a failure', () => {
  test('a mutant among four hosts and a week of faults → the seed, one host, and hardly more than the loss of power', async () => {
    const story: StoryOptions = {
      ...{ seed: 5, hosts: hostNames(4), days: 8, handshakeShare: 0 },
      mutant: 'agent that does not sync its state',
    }
    const report = await runStory(story)
    assert.equal(report.broken?.promise, 'no-false-alarm')
    const text = await explainFailure(story, report)
    assert.match(text, /^Seed 5: /)
    assert.match(text, /npm run simulate -- --seed 5 --hosts 4 --days 8/)
    const [, hosts = '', faults = ''] = /has (\d+) hosts? and (\d+) faults?:/.exec(text) ?? []
    assert.equal(hosts, '1')
    assert.ok(Number(faults) >= 1 && Number(faults) <= 3, `${faults} faults are left`)
    assert.match(text, /loses power/)
    assert.ok(text.split('\n').length < 100, text)
    assert.ok(Number(report.broken.at) > storyStart + hourMs)
  })
})
