import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { before, describe, test } from 'node:test'
import { faultsToFeel, faultsToFeelEach, notFelt } from './faults/felt-faults.ts'
import { explainFailure } from './stories/explain-failure.ts'
import { playStories } from './stories/play-stories.ts'
import { hostNames, type StoryOptions, type StoryReport } from './stories/run-story.ts'

const seeds = Array.from({ length: 20 }, (_, index) => index + 1)
/** Some five minutes of processor time for all twenty; `npm run simulate -- --seed N` plays the same story. */
const hosts = 50
/** Intermediates are replaced after twenty, and distrusted two later. */
const days = 30
const stories: readonly StoryOptions[] = seeds.map((seed) => ({ seed, hosts: hostNames(hosts), days }))

describe(`${hosts} hosts for ${days} days, with everything going wrong`, () => {
  let playing: readonly Promise<StoryReport>[] = []

  before(() => {
    playing = playStories(stories, availableParallelism())
  })

  for (const [index, story] of stories.entries()) {
    test(`seed ${story.seed}: every promise holds, and all is well in the end`, async () => {
      const report = await playing[index]
      assert.ok(report)
      if (report.broken !== undefined) assert.fail(await explainFailure(story, report))
      assert.ok(report.renewals > hosts * days, `only ${report.renewals} renewals`)
      assert.deepEqual(notFelt(faultsToFeelEach, [report]), [], 'faults that were not felt')
    })
  }

  test('the faults: each was felt → the run counts', async () => {
    assert.deepEqual(notFelt(faultsToFeel, await Promise.all(playing)), [])
  })
})
