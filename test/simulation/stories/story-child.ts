import { quickenStories } from '../virtual/quicken-stories.ts'
import type { Played } from './play-stories.ts'
import { runStory, type StoryOptions } from './run-story.ts'

// Thousands of errors are made and dealt with; nobody reads where.
Error.stackTraceLimit = 0
quickenStories()

process.on('message', async (story: StoryOptions) => {
  const played: Played = await runStory(story).then(
    (report) => ({ report }),
    (error: unknown) => ({ error }),
  )
  process.send?.(played)
})
// Whoever asks for stories is gone.
process.on('disconnect', () => process.exit())
