import assert from 'node:assert/strict'
import fs, {
  chownSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, it, type TestContext } from 'node:test'
import { minuteMs } from '@mayfly/ca-core'
import { names, newIdentity, start } from '../../../../test/suites/store/store-records.ts'
import { backUpStore } from '../../src/backup/back-up-store.ts'
import { restoreStore } from '../../src/backup/restore-store.ts'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'

const now = start + minuteMs
const nobody = 65_534

describe('a backup as files', () => {
  let folder: string
  let path: string
  let out: string

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mayfly-backup-'))
    path = join(folder, 'store.sqlite')
    out = join(folder, 'backups', 'issuer.backup')
    fs.mkdirSync(join(folder, 'backups'))
    await add('web-1')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  async function add(name: string): Promise<void> {
    const store = await openSqliteStore({ path })
    await store.commit([{ at: start, parts: [{ do: 'add-identity', identity: newIdentity(name) }] }])
    await store.close()
  }

  const back = () => backUpStore({ store: path, out, now })
  const restore = () =>
    restoreStore({ backup: out, store: path, now, acceptForgotten: false, trace: { step: () => undefined } })

  /** What is synced meanwhile, in its order; to the file `refused` the disk says EIO. */
  async function syncsOf(
    context: TestContext,
    work: () => Promise<unknown>,
    refused?: string,
  ): Promise<string[]> {
    const synced: string[] = []
    const sync = fs.fsyncSync
    const watched = context.mock.method(fs, 'fsyncSync', (descriptor: number) => {
      const file = fs.readlinkSync(`/proc/self/fd/${descriptor}`)
      synced.push(file)
      if (file === refused) throw Object.assign(new Error('EIO'), { code: 'EIO', syscall: 'fsync' })
      sync(descriptor)
    })
    syncBuiltinESMExports()
    try {
      await work()
    } finally {
      watched.mock.restore()
      syncBuiltinESMExports()
    }
    return synced
  }

  it('made → on disk before it has its name, its name too; in one file, whatever becomes of others beside it', async (context) => {
    const synced = await syncsOf(context, back)
    assert.deepEqual(synced, [`${out}.partial`, join(folder, 'backups'), out, join(folder, 'backups')])
    const database = new DatabaseSync(out, { readOnly: true })
    assert.deepEqual({ ...database.prepare('PRAGMA journal_mode').get() }, { journal_mode: 'delete' })
    database.close()
  })

  it('the disk refuses it, or the store is damaged → told which, and nothing is left of it', async (context) => {
    await assert.rejects(syncsOf(context, back, `${out}.partial`), {
      message: /issuer\.backup: the disk reported an error$/,
    })
    assert.deepEqual(readdirSync(join(folder, 'backups')), [])
    writeFileSync(path, 'torn, and long enough to be looked at\n'.repeat(200))
    await assert.rejects(back(), { code: 'store-invalid' })
    assert.deepEqual(readdirSync(join(folder, 'backups')), [])
  })

  it('of a store that cannot be looked at → told why, and not that there is none', async () => {
    const of = (store: string) => backUpStore({ store, out, now })
    await assert.rejects(of(join(folder, 'none')), { code: 'file-missing' })
    await assert.rejects(of(join(path, 'store')), { message: /a part of the path is not a folder$/ })
  })

  it('restored → on disk before it takes the place of the store, and the place too', async (context) => {
    await back()
    const synced = await syncsOf(context, restore)
    // SQLite syncs by itself.
    assert.deepEqual(synced, [`${path}.restoring`, folder, path, folder])
  })

  it('restored by root → of the owner of the folder, whose issuer can read it', async () => {
    await back()
    const uid = process.getuid?.() === 0 ? nobody : statSync(folder).uid
    chownSync(folder, uid, statSync(folder).gid)
    await restore()
    assert.deepEqual([statSync(path).uid, statSync(path).mode & 0o777], [uid, 0o600])
  })

  it('over a store that is damaged, with a journal left beside it → none of that gets into the restored one', async () => {
    await back()
    const store = await openSqliteStore({ path })
    await store.commit([{ at: start, parts: [{ do: 'add-identity', identity: newIdentity('web-2') }] }])
    copyFileSync(`${path}-wal`, `${path}.journal`)
    await store.close()
    writeFileSync(path, 'torn')
    copyFileSync(`${path}.journal`, `${path}-wal`)
    const { replaced = assert.fail('nothing was replaced') } = await restore()
    assert.ok(existsSync(`${replaced}-wal`))
    const restored = await openSqliteStore({ path })
    assert.deepEqual(await names(restored), ['web-1'])
    await restored.close()
  })
})
