import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { nodeFileSystem } from '@mayfly/platform'
import { findServer } from '../../src/servers/server-process.ts'

/** What the server's own user could put in the place of its pid file. */
describe('a pid file on the disk', { timeout: 20_000 }, () => {
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mayfly-pid-'))
    await mkdir(join(folder, 'run'))
    await symlink('run', join(folder, 'var-run'))
    await writeFile(join(folder, 'run', 'this.pid'), `${process.pid}\n`)
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const refused = (pidFile: string, reason: string): Promise<void> =>
    assert.rejects(findServer(nodeFileSystem, { pidFile }), {
      code: 'reload-failed',
      message: `${pidFile}: ${reason}. Start the server, or correct pidFile in the configuration.`,
    })

  test('a file, in a folder that is reached through a link → its process', async () => {
    for (const run of ['run', 'var-run'])
      assert.equal(await findServer(nodeFileSystem, { pidFile: join(folder, run, 'this.pid') }), process.pid)
  })

  test('a pipe that nobody writes to → refused, and nothing waits for it', async () => {
    const pipe = join(folder, 'run', 'pipe.pid')
    execFileSync('mkfifo', [pipe])
    for (let attempt = 0; attempt < 8; attempt++) await refused(pipe, 'it is no plain file')
  })

  test('a link to something endless → refused', async () => {
    const link = join(folder, 'run', 'link.pid')
    await symlink('/dev/zero', link)
    await refused(link, 'it is no plain file')
  })

  test('larger than any → refused; none → the server is down', async () => {
    const large = join(folder, 'run', 'large.pid')
    await writeFile(large, ' '.repeat(5_000))
    await refused(large, 'it is too large for a process id')
    await refused(join(folder, 'run', 'none.pid'), 'there is no such file')
    await refused(join(folder, 'nowhere', 'none.pid'), 'there is no such file')
  })
})
