import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { describeFailure } from '../../scripts/bootstrap/start-pinned-node.mjs'

describe('a pinned Node that does not start', () => {
  let root: string
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'pinned-'))
    await mkdir(join(root, 'scripts'))
  })
  after(() => rm(root, { recursive: true }))

  async function declare(libraryFile: string): Promise<void> {
    const packages = {
      web: { file: join(root, 'no-web'), for: ['demo', 'test'] },
      library: { file: libraryFile, for: ['node'] },
      database: { file: join(root, 'no-database'), for: ['test'] },
    }
    await writeFile(join(root, 'scripts/debian-packages.json'), JSON.stringify(packages))
  }

  it('its library is missing: → what to install, for it and for the command', async () => {
    await declare(join(root, 'no-library'))
    assert.equal(
      describeFailure(root, 'demo', 'no libatomic'),
      'The pinned Node does not start: no libatomic\nOn Debian: sudo apt-get install web library',
    )
    assert.match(describeFailure(root, 'mayfly', 'no libatomic'), / install library$/)
  })

  it('its library is there: → what it said, and nothing to install', async () => {
    await declare(join(root, 'scripts'))
    assert.equal(
      describeFailure(root, 'demo', 'not for this machine'),
      'The pinned Node does not start: not for this machine',
    )
  })
})
