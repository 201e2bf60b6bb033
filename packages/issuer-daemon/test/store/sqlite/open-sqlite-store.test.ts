import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { copyFile, mkdtemp, open, rm, stat, symlink } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts'
import { migrations } from '../../../src/store/sqlite/schema.ts'

describe('openSqliteStore', () => {
  let folder: string
  let path: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mayfly-store-'))
    path = join(folder, 'store.sqlite')
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('new → readable by its owner only, durable, and of the newest schema', async () => {
    const store = await openSqliteStore({ path })
    await store.commit([{ at: 1, parts: [{ do: 'accept-clock' }] }])
    for (const suffix of ['', '-wal', '-shm']) assert.equal((await stat(path + suffix)).mode & 0o777, 0o600)
    await store.close()
    const database = new DatabaseSync(path, { readOnly: true })
    assert.deepEqual({ ...database.prepare('PRAGMA journal_mode').get() }, { journal_mode: 'wal' })
    assert.deepEqual(
      { ...database.prepare('PRAGMA user_version').get() },
      { user_version: migrations.length },
    )
    database.close()
  })

  it('a log that a killed process left → on disk before it is believed; a disk that refuses → not opened', async (context) => {
    const left = join(folder, 'left.sqlite')
    const store = await openSqliteStore({ path })
    await store.commit([{ at: 1, parts: [{ do: 'set-note', name: 'alarm', text: 'told' }] }])
    for (const suffix of ['', '-wal']) await copyFile(path + suffix, left + suffix)
    await store.close()

    const synced: string[] = []
    const failing = context.mock.method(fs, 'fsyncSync', (descriptor: number) => {
      synced.push(fs.readlinkSync(`/proc/self/fd/${descriptor}`))
      throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO', syscall: 'fsync' })
    })
    syncBuiltinESMExports()
    await assert.rejects(openSqliteStore({ path: left }), { code: 'store-unavailable' })
    assert.deepEqual(synced, [`${left}-wal`])
    failing.mock.restore()
    syncBuiltinESMExports()
    const opened = await openSqliteStore({ path: left })
    assert.equal(await opened.note('alarm'), 'told')
    await opened.close()
  })

  it('another program reads for long → the log that waits is told and grows; then it is taken into the file', async () => {
    const store = await openSqliteStore({ path })
    let written = 0
    const write = (): Promise<unknown> => {
      // Another one each time, to the last page: what is there already is not written again.
      const note = { do: 'set-note', name: 'large', text: `${100 + written++} `.repeat(25_000) } as const
      return store.commit([{ at: 1, parts: [note] }])
    }
    await write()
    const reader = new DatabaseSync(path, { readOnly: true })
    reader.exec('BEGIN')
    reader.prepare('SELECT count(*) FROM note').get()
    for (let time = 0; time < 60; time++) await write()
    assert.ok((await store.logBytes()) > 5_000_000)
    for (let time = 0; time < 20; time++) await write()
    assert.ok((await store.logBytes()) > 7_000_000)

    reader.exec('COMMIT')
    reader.close()
    await write()
    assert.equal(await store.logBytes(), 0)
    await write()
    assert.ok((await store.logBytes()) < 1_000_000)
    assert.ok((await store.sizeBytes()) > 7_000_000, 'the file of the log keeps its size')
    await store.close()
  })

  it('nothing to prune or to pack → nothing is written', async () => {
    const store = await openSqliteStore({ path })
    const at = 1_000
    const record = { at, requestId: 'r', action: 'a', actor: { kind: 'issuer' }, outcome: 'done' } as const
    const nonce = { do: 'remember-nonce', nonce: '00'.repeat(16), expiresAt: at } as const
    await store.commit([{ at, parts: [{ do: 'append-audit', record }, nonce] }])
    const written = async () => (await stat(`${path}-wal`)).size
    const before = await written()
    const bounds = {
      expiredBefore: at,
      recoverableBefore: at,
      noncesBefore: at,
      tokensBefore: at,
      auditBefore: at,
      limit: 500,
    }
    assert.equal(await store.prune(bounds), 0)
    assert.equal(await store.packAudit(at), 0)
    assert.equal(await written(), before)
    assert.equal(await store.prune({ ...bounds, noncesBefore: at + 1 }), 1)
    assert.ok((await written()) > before)
    await store.close()
  })

  it('no folder for the store → file-missing, and what makes one', async () => {
    await assert.rejects(openSqliteStore({ path: join(folder, 'nowhere', 'store.sqlite') }), {
      code: 'file-missing',
      message: /^There is no folder .*nowhere for the store\. `mayfly issuer init` makes it/,
    })
  })

  it('second writer on one store: open in another process → already-running, until that one is killed', async () => {
    const modulePath = new URL('../../../src/store/sqlite/open-sqlite-store.ts', import.meta.url).href
    const script = `const { openSqliteStore } = await import('${modulePath}')
      globalThis.held = await openSqliteStore({ path: process.argv[1] })
      process.stdout.write('open'); setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['-C', 'source', '--input-type=module', '-e', script, path])
    await once(child.stdout, 'data')
    await assert.rejects(openSqliteStore({ path }), { code: 'already-running' })
    child.kill('SIGKILL')
    await once(child, 'close')
    await (await openSqliteStore({ path })).close()
  })

  it('second writer on one store: by another name of the same file → already-running', async () => {
    const store = await openSqliteStore({ path })
    const [link, folderLink] = [join(folder, 'link.sqlite'), `${folder}-link`]
    await symlink(path, link)
    await symlink(folder, folderLink)
    try {
      for (const other of [link, join(folderLink, 'store.sqlite')])
        await assert.rejects(openSqliteStore({ path: other }), { code: 'already-running' })
    } finally {
      await rm(folderLink)
      await store.close()
    }
    await (await openSqliteStore({ path: link })).close()
  })

  it('of a newer Mayfly → store-invalid, and untouched', async () => {
    await (await openSqliteStore({ path })).close()
    edit((database) => database.exec(`PRAGMA user_version = ${migrations.length + 1}`))
    await assert.rejects(openSqliteStore({ path }), { code: 'store-invalid', message: /newer Mayfly/ })
  })

  it('of another program → store-invalid', async () => {
    edit((database) => database.exec('CREATE TABLE guests (name TEXT)'))
    await assert.rejects(openSqliteStore({ path }), { code: 'store-invalid', message: /another program/ })
  })

  it('no database, or damaged → store-invalid', async () => {
    const file = await open(path, 'w')
    await file.write('this is no database, but it is long enough to be looked at\n'.repeat(100))
    await file.close()
    await assert.rejects(openSqliteStore({ path }), { code: 'store-invalid' })
  })

  it('a folder that is not there → an error that names it', async () => {
    await assert.rejects(openSqliteStore({ path: join(folder, 'nowhere', 'store.sqlite') }), /nowhere/)
  })

  function edit(work: (database: DatabaseSync) => void): void {
    const database = new DatabaseSync(path)
    work(database)
    database.close()
  }
})
