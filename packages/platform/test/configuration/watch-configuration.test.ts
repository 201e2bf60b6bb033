import assert from 'node:assert/strict'
import { appendFile, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { watchConfiguration } from '@mayfly/platform'

describe('watchConfiguration', () => {
  let root: string
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'mayfly-configuration-'))
  })
  after(() => rm(root, { recursive: true }))

  /** A configuration behind a link into another folder, of which no event comes. */
  async function behindLink(name: string): Promise<{ path: string; real: string }> {
    const path = join(root, name, 'agent.yaml')
    const real = join(root, `${name}-real`, 'agent.yaml')
    for (const folder of [dirname(path), dirname(real)]) await mkdir(folder)
    await writeFile(real, 'first')
    await symlink(real, path)
    return { path, real }
  }

  /** What is read each time that a change is told; `whileRead` happens at the first reading, once it has its content. */
  async function reading(path: string, whileRead: () => Promise<void> = async () => undefined) {
    const read: string[] = []
    let arrived = (): void => undefined
    const watch = await watchConfiguration(path, {
      async onChange() {
        const content = await readFile(path, 'utf8')
        if (read.length === 0) await whileRead()
        read.push(content)
        arrived()
      },
      onError: assert.fail,
    })
    const until = async (content: string): Promise<void> => {
      while (read.at(-1) !== content) await new Promise<void>((resolve) => (arrived = resolve))
    }
    return { read, watch, until }
  }

  it('saved again while it is read, and no event tells of it → read again', { timeout: 60_000 }, async () => {
    const { path, real } = await behindLink('twice')
    const { read, watch, until } = await reading(path, () => writeFile(real, 'third'))
    await writeFile(`${real}.new`, 'second')
    await rename(`${real}.new`, real)
    await symlink(real, `${path}.link`)
    await rename(`${path}.link`, path)
    await until('third')
    await watch.close()
    assert.deepEqual(read, ['second', 'third'])
  })

  it('the link on the way to it points elsewhere, as a ConfigMap is renewed → told', {
    timeout: 60_000,
  }, async () => {
    const folder = join(root, 'map')
    for (const version of ['..1', '..2']) {
      await mkdir(join(folder, version), { recursive: true })
      await writeFile(join(folder, version, 'agent.yaml'), version)
    }
    await symlink('..1', join(folder, '..data'))
    await symlink('..data/agent.yaml', join(folder, 'agent.yaml'))
    const { watch, until } = await reading(join(folder, 'agent.yaml'))
    await symlink('..2', join(folder, '..data.new'))
    await rename(join(folder, '..data.new'), join(folder, '..data'))
    await until('..2')
    await watch.close()
  })

  it('a change that nobody saw → told at the next look; none → not told', async () => {
    const { path, real } = await behindLink('look')
    const { read, watch } = await reading(path)
    await watch.look()
    assert.deepEqual(read, [])
    await writeFile(real, 'second')
    await watch.look()
    assert.deepEqual(read, ['second'])
    await watch.close()
  })

  it('a neighbour that is written without a pause → a change is told all the same', {
    timeout: 60_000,
  }, async () => {
    const path = join(root, 'busy.yaml')
    await writeFile(path, 'first')
    const { watch, until } = await reading(path)
    let isDone = false
    const busy = (async () => {
      while (!isDone) {
        await appendFile(join(root, 'daemon.log'), 'a line\n')
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })()
    await writeFile(path, 'second')
    await until('second')
    isDone = true
    await busy
    await watch.close()
  })

  it('removed, and put back → told each time', { timeout: 60_000 }, async () => {
    const path = join(root, 'gone.yaml')
    await writeFile(path, 'first')
    let told = 0
    let arrived = (): void => undefined
    const watch = await watchConfiguration(path, {
      async onChange() {
        told++
        arrived()
      },
      onError: assert.fail,
    })
    const next = async (change: () => Promise<void>): Promise<void> => {
      const seen = new Promise<void>((resolve) => (arrived = resolve))
      await change()
      await seen
    }
    await next(() => rm(path))
    await next(() => writeFile(path, 'back'))
    assert.equal(told, 2)
    await watch.close()
  })
})
