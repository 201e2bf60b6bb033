import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { watchFiles } from '@mayfly/platform'

describe('watchFiles', () => {
  let root: string
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'mayfly-watch-'))
  })
  after(() => rm(root, { recursive: true }))

  it('a file: changed, replaced by a rename, removed → told each time', async () => {
    const path = join(root, 'agent.yaml')
    await writeFile(path, 'a')
    await watched([path], async (told) => {
      await writeFile(path, 'b')
      assert.deepEqual(await told(), [path])
      await writeFile(`${path}.new`, 'c')
      await rename(`${path}.new`, path)
      assert.deepEqual(await told(), [path])
      await unlink(path)
      assert.deepEqual(await told(), [path])
    })
  })

  it('a file that is not there yet: created → told', async () => {
    const path = join(root, 'later.yaml')
    await watched([path], async (told) => {
      await writeFile(path, 'a')
      assert.deepEqual(await told(), [path])
    })
  })

  it('a folder: a link in it points elsewhere → told', async () => {
    const live = join(root, 'live')
    await mkdir(live)
    await symlink('../archive/1', join(live, 'web'))
    await watched([live], async (told) => {
      await symlink('../archive/2', join(live, 'web.new'))
      await rename(join(live, 'web.new'), join(live, 'web'))
      assert.ok((await told()).includes(join(live, 'web')))
    })
  })

  it('a burst of changes → told as one', async () => {
    const folder = join(root, 'burst')
    await mkdir(folder)
    await watched([folder], async (told) => {
      for (const name of ['a', 'b', 'c']) await writeFile(join(folder, name), name)
      assert.deepEqual(
        await told(),
        ['a', 'b', 'c'].map((name) => join(folder, name)),
      )
    })
  })
})

/** Gives `body` a function that waits for the next batch of changes. */
async function watched(
  paths: readonly string[],
  body: (told: () => Promise<readonly string[]>) => Promise<void>,
): Promise<void> {
  const batches: (readonly string[])[] = []
  let arrived: () => void = () => undefined
  const watch = await watchFiles(
    paths,
    (changed) => {
      batches.push(changed)
      arrived()
    },
    { debounceMs: 200 },
  )
  try {
    await body(async () => {
      while (batches.length === 0) await new Promise<void>((resolve) => (arrived = resolve))
      return batches.shift() ?? []
    })
  } finally {
    await watch.close()
  }
}
