import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { installedFile } from '../../scripts/bootstrap/installed-file.mjs'

describe('the file by which a package is known', () => {
  let root: string
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'installed-'))
    for (const version of ['9', '15', '17']) await mkdir(join(root, version, 'bin'), { recursive: true })
    for (const version of ['9', '15']) await writeFile(join(root, version, 'bin', 'postgres'), '')
  })
  after(() => rm(root, { recursive: true }))

  it('several versions side by side: → the newest that has it', () => {
    assert.equal(installedFile(join(root, '*', 'bin/postgres')), join(root, '15', 'bin/postgres'))
  })

  it('a plain path: → itself', () => {
    const path = join(root, '9', 'bin/postgres')
    assert.equal(installedFile(path), path)
  })

  it('not there: → undefined', () => {
    assert.equal(installedFile(join(root, '17', 'bin/postgres')), undefined)
    assert.equal(installedFile(join(root, '*', 'bin/initdb')), undefined)
    assert.equal(installedFile(join(root, 'none', '*', 'bin/postgres')), undefined)
  })
})
