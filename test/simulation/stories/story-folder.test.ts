import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { inStoryFolder, prefix, removeLeftBehind } from './story-folder.ts'

describe('the folder of a story', () => {
  let parent = ''
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'folders-'))
  })
  afterEach(() => rmSync(parent, { recursive: true, force: true }))

  const folderOf = (pid: number): string => {
    const folder = join(parent, `${prefix}${pid}-abcdef`)
    mkdirSync(folder)
    return folder
  }

  test('left by a process that was killed → removed; one in use, and others’ things → stay', () => {
    const { pid: dead } = spawnSync('true')
    const [left, used, other] = [folderOf(dead), folderOf(process.pid), join(parent, 'mayfly-story')]
    mkdirSync(other)
    removeLeftBehind(parent)
    assert.deepEqual([left, used, other].map(existsSync), [false, true, true])
  })

  test('its story fails → it is gone all the same', async () => {
    let seen = ''
    const failing = inStoryFolder(async (folder) => {
      seen = folder
      assert.ok(existsSync(folder))
      throw new Error('no')
    })
    await assert.rejects(failing, /^Error: no$/)
    assert.equal(existsSync(seen), false)
  })
})
