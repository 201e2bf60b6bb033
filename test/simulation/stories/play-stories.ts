import { Worker } from 'node:worker_threads'
import type { StoryOptions, StoryReport } from './run-story.ts'

/** Plays each story, so many at a time, each in a thread; gives the reports to come, in the order of the stories. */
export function playStories(
  stories: readonly StoryOptions[],
  threads: number,
): readonly Promise<StoryReport>[] {
  const queue = stories.map((story) => ({ story, ...Promise.withResolvers<StoryReport>() }))
  const reports = queue.map(({ promise }) => promise)
  // Who waits for a later one has not looked at it yet when it fails.
  for (const report of reports) report.catch(() => undefined)
  const work = async (): Promise<void> => {
    let thread = new StoryThread()
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { story, resolve, reject } = next
      await thread.play(story).then(resolve, (error: unknown) => {
        // It has died of it.
        thread = new StoryThread()
        reject(error)
      })
    }
    await thread.close()
  }
  for (let thread = 0; thread < Math.min(threads, stories.length); thread++) void work()
  return reports
}

/** A thread plays story after story: its code is warm from the second one on. */
class StoryThread {
  readonly #worker = new Worker(new URL('./story-thread.ts', import.meta.url))

  play(story: StoryOptions): Promise<StoryReport> {
    return new Promise((resolve, reject) => {
      const onMessage = (report: StoryReport): void => {
        this.#worker.off('error', reject)
        resolve(report)
      }
      this.#worker.once('message', onMessage)
      this.#worker.once('error', reject)
      this.#worker.postMessage(story)
    })
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }
}
