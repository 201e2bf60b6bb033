import { Worker } from 'node:worker_threads'
import type { StoryOptions, StoryReport } from './run-story.ts'

/** Plays each story, so many at a time, each in a thread; the reports come in the order of the stories. */
export async function playStories(
  stories: readonly StoryOptions[],
  threads: number,
  onReport: (report: StoryReport) => void = () => undefined,
): Promise<readonly StoryReport[]> {
  const reports: StoryReport[] = []
  const queue = [...stories.entries()]
  const work = async (): Promise<void> => {
    const thread = new StoryThread()
    try {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const [index, story] = next
        const report = await thread.play(story)
        reports[index] = report
        onReport(report)
      }
    } finally {
      await thread.close()
    }
  }
  await Promise.all(Array.from({ length: Math.min(threads, stories.length) }, work))
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
