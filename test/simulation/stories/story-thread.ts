import { parentPort } from 'node:worker_threads'
import { quickenStories } from '../virtual/quicken-stories.ts'
import { runStory, type StoryOptions } from './run-story.ts'

// Thousands of errors are made and dealt with; nobody reads where.
Error.stackTraceLimit = 0
quickenStories()

parentPort?.on('message', async (story: StoryOptions) => {
  parentPort?.postMessage(await runStory(story))
})
