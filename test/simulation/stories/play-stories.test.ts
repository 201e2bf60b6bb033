import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, test } from 'node:test'
import { eventually } from '../../../packages/agent/test/support/agent-process.ts'
import { childProcesses, isRunning } from '../../support/child-processes.ts'
import { playStories } from './play-stories.ts'
import { hostNames, type StoryOptions, type StoryReport } from './run-story.ts'
import { prefix } from './story-folder.ts'

const story = (seed: number, days = 3): StoryOptions => ({ seed, hosts: hostNames(1), days })
const player = 'story-child'
/** Nobody waits for its end. */
const endless = story(1, 3_650)

function foldersOf(pid: number): string[] {
  const names = ['/dev/shm', tmpdir()].flatMap((parent) => readdirSync(parent))
  return names.filter((name) => name.startsWith(`${prefix}${pid}-`))
}

function play(stories: readonly StoryOptions[]): Promise<PromiseSettledResult<StoryReport>[]> {
  return Promise.allSettled(playStories(stories, 1))
}

describe('stories played in processes of their own', () => {
  afterEach(async () => {
    await eventually('no process is left', async () => childProcesses(player).length === 0 || undefined)
  })

  test('more stories than processes → each report, in their order', async () => {
    const reports = await Promise.all(
      playStories(
        [3, 1, 2].map((seed) => story(seed)),
        2,
      ),
    )
    assert.deepEqual(
      reports.map(({ seed }) => seed),
      [3, 1, 2],
    )
  })

  test('one throws → it fails with what was thrown, and the next is played', async () => {
    const broken = { ...story(1), mutant: 'unknown' } as unknown as StoryOptions
    const [failed, played] = await play([broken, story(2)])
    assert.ok(failed?.status === 'rejected' && failed.reason instanceof TypeError, String(failed))
    assert.equal(played?.status, 'fulfilled')
  })

  test('its process is killed → it fails with the seed and the signal, and the next is played', async () => {
    const playing = play([endless, story(2)])
    const [pid] = childProcesses(player)
    assert.ok(pid)
    process.kill(pid, 'SIGKILL')
    const [failed, played] = await playing
    assert.match(String(failed?.status === 'rejected' && failed.reason), /seed 1 .*SIGKILL/)
    assert.equal(played?.status, 'fulfilled')
  })

  test('who asked for stories is killed → their processes end, and leave nothing', async () => {
    const code = `import { playStories } from ${JSON.stringify(join(import.meta.dirname, 'play-stories.ts'))}
      playStories([${JSON.stringify(endless)}], 1)
      console.log('playing')`
    const asking = spawn(process.execPath, ['-C', 'source', '--input-type=module', '-e', code])
    await once(asking.stdout, 'data')
    const [pid] = childProcesses(player, asking.pid)
    assert.ok(pid)
    await eventually('the story has begun', async () => foldersOf(pid).length > 0 || undefined)
    asking.kill('SIGKILL')
    await eventually('its process has ended', async () => !isRunning(pid, player) || undefined)
    assert.deepEqual(foldersOf(pid), [])
  })
})
