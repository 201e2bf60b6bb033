import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { watchHost } from '../../src/running/watch-host.ts'

test('the live folder is another one since a reload → the new one is watched, and the old one no longer', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-watch-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const name of [
    'state/enrolments',
    'state/renewals',
    'one/live',
    'one/archive',
    'two/live',
    'two/archive',
  ])
    await mkdir(join(folder, name), { recursive: true })
  await writeFile(join(folder, 'agent.yaml'), '')
  let begun = 0
  let onFiles: () => void = () => begun++
  const watch = await watchHost(
    join(folder, 'agent.yaml'),
    { live: join(folder, 'one/live'), state: join(folder, 'state') },
    { onFiles: () => onFiles(), onConfiguration: async () => undefined, onError: assert.fail },
  )
  t.after(() => watch.close())
  assert.equal(begun, 1, 'what has happened before anything was watched')
  const change = async (path: string): Promise<void> => {
    const seen = new Promise<void>((resolve) => {
      onFiles = resolve
    })
    await writeFile(join(folder, path), '')
    await seen
  }
  await change('one/live/a')
  await watch.follow({ live: join(folder, 'two/live') })
  await change('two/live/b')
  let told = 0
  onFiles = () => told++
  await watch.follow({ live: join(folder, 'two/live') })
  await writeFile(join(folder, 'one/live/c'), '')
  await change('two/archive/d')
  assert.equal(told, 0)
})
