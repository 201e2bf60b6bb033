import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { keepConfiguration } from '@mayfly/platform'

function kept() {
  const followed: string[] = []
  const told: string[] = []
  const file = { text: 'good' }
  const world = { refuses: undefined as string | undefined }
  const configuration = keepConfiguration({
    async read() {
      if (file.text.startsWith('bad')) throw new Error(file.text)
      return file.text
    },
    async follow(next) {
      if (world.refuses !== undefined) throw new Error(world.refuses)
      followed.push(next)
    },
    onMistake: (error) => told.push((error as Error).message),
  })
  return { configuration, file, world, followed, told }
}

describe('keepConfiguration', () => {
  test('a mistake: told, nothing followed; corrected: followed, and no mistake stands', async () => {
    const { configuration, file, followed, told } = kept()
    file.text = 'bad line 3'
    await configuration.reload()
    assert.deepEqual([followed, told], [[], ['bad line 3']])
    assert.deepEqual(configuration.mistake(), { error: new Error('bad line 3') })
    file.text = 'better'
    await configuration.reload()
    assert.deepEqual(followed, ['better'])
    assert.equal(configuration.mistake(), undefined)
  })

  test('what cannot be used now: tried again without being told again, and used once it can be', async () => {
    const { configuration, world, followed, told } = kept()
    world.refuses = 'the port is taken'
    await configuration.reload()
    await configuration.retry()
    assert.deepEqual(told, ['the port is taken'])
    world.refuses = 'the user is unknown'
    await configuration.retry()
    assert.deepEqual(told, ['the port is taken', 'the user is unknown'])
    world.refuses = undefined
    await configuration.retry()
    assert.deepEqual(followed, ['good'])
    assert.equal(configuration.mistake(), undefined)
  })

  test('closed: what is under way is waited for, and nothing is read after it', async () => {
    const { configuration, followed, file } = kept()
    void configuration.reload()
    await new Promise((resolve) => setImmediate(resolve))
    await configuration.close()
    assert.deepEqual(followed, ['good'])
    file.text = 'bad line 3'
    await configuration.reload()
    assert.equal(configuration.mistake(), undefined)
  })

  test('no mistake stands: nothing is tried again', async () => {
    const { configuration, followed } = kept()
    await configuration.retry()
    assert.deepEqual(followed, [])
  })

  test('a person asks for the same mistake again: told again', async () => {
    const { configuration, file, told } = kept()
    file.text = 'bad'
    await configuration.reload()
    await configuration.reload()
    assert.deepEqual(told, ['bad', 'bad'])
  })

  test('reloads that come together: one after the other', async () => {
    const running = { now: 0, most: 0 }
    const configuration = keepConfiguration({
      read: async () => 'file',
      async follow() {
        running.most = Math.max(running.most, ++running.now)
        await new Promise((resolve) => setImmediate(resolve))
        running.now--
      },
      onMistake: () => assert.fail(),
    })
    await Promise.all([configuration.reload(), configuration.reload(), configuration.reload()])
    assert.equal(running.most, 1)
  })
})
