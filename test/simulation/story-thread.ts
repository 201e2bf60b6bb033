import { parentPort } from 'node:worker_threads'
import { memoiseCrypto } from './memoised-crypto.ts'
import { keepJournalsInMemory } from './memory-journal.ts'
import { runStory, type StoryOptions } from './run-story.ts'

// Thousands of errors are made and dealt with; nobody reads where.
Error.stackTraceLimit = 0
memoiseCrypto()
keepJournalsInMemory()

parentPort?.on('message', async (story: StoryOptions) => {
  parentPort?.postMessage(await runStory(story))
})
