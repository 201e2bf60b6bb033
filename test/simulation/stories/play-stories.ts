import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { StoryOptions, StoryReport } from './run-story.ts'

/** What a child says of one story. */
export type Played = { readonly report: StoryReport } | { readonly error: unknown }

/**
 * Plays each story, so many at a time, each in a process; gives the reports to come, in the order of the stories.
 * One that is killed or runs out of memory fails its own story and no other.
 */
export function playStories(
  stories: readonly StoryOptions[],
  processes: number,
): readonly Promise<StoryReport>[] {
  const queue = stories.map((story) => ({ story, ...Promise.withResolvers<StoryReport>() }))
  const reports = queue.map(({ promise }) => promise)
  // Who waits for a later one has not looked at it yet when it fails.
  for (const report of reports) report.catch(() => undefined)
  const work = async (): Promise<void> => {
    let player = new StoryProcess()
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { story, resolve, reject } = next
      await player.play(story).then(resolve, (error: unknown) => {
        // Its memory may be in any state, if it is there at all.
        player.close()
        player = new StoryProcess()
        reject(error)
      })
    }
    player.close()
  }
  for (let count = 0; count < Math.min(processes, stories.length); count++) void work()
  return reports
}

/** A story reads all over its memory: with large pages, where the kernel grants them, it is found sooner. */
const largePages = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' }

/** A process plays story after story: its code is warm from the second one on. */
class StoryProcess {
  readonly #child: ChildProcess = fork(join(import.meta.dirname, 'story-child.ts'), {
    execArgv: ['-C', 'source'],
    env: { ...process.env, ...largePages },
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })

  play(story: StoryOptions): Promise<StoryReport> {
    const { promise, resolve, reject } = Promise.withResolvers<StoryReport>()
    const onExit = (code: number | null, signal: NodeJS.Signals | null): void =>
      reject(new Error(`the process of seed ${story.seed} ended with ${signal ?? code}`))
    this.#child.once('exit', onExit)
    this.#child.once('message', (played: Played) => {
      this.#child.off('exit', onExit)
      if ('report' in played) resolve(played.report)
      else reject(played.error)
    })
    this.#child.send(story)
    return promise
  }

  /** It ends by itself when its parent does, too. */
  close(): void {
    if (this.#child.connected) this.#child.disconnect()
  }
}
