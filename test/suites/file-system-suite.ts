import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { type ErrorCode, type FileAccess, type FileSystem, MayflyError } from '@mayfly/ca-core'

export interface FileSystemSubject {
  readonly fileSystem: FileSystem
  /** An empty folder for one test. */
  readonly root: string
  remove(): Promise<void>
}

const own: FileAccess = { mode: 0o600 }
const shared: FileAccess = { mode: 0o640 }
const folder: FileAccess = { mode: 0o700 }

/** What every `FileSystem` keeps. */
export function fileSystemSuite(name: string, create: () => Promise<FileSystemSubject>): void {
  describe(`FileSystem, ${name}`, () => {
    const subjects: FileSystemSubject[] = []
    after(async () => {
      for (const subject of subjects) await subject.remove()
    })

    const test = (
      title: string,
      body: (fileSystem: FileSystem, at: (path: string) => string) => Promise<void>,
    ): void => {
      it(title, async () => {
        const subject = await create()
        subjects.push(subject)
        await body(subject.fileSystem, (path) => join(subject.root, path))
      })
    }

    creating(test)
    replacing(test)
    folders(test)
    links(test)
    removing(test)
  })
}

type Test = (
  title: string,
  body: (fileSystem: FileSystem, at: (path: string) => string) => Promise<void>,
) => void

function creating(test: Test): void {
  test('createFile: nothing there → content and access as given', async (fs, at) => {
    await fs.createFile(at('a'), bytes('one'), shared)
    assert.equal(await textOf(fs, at('a')), 'one')
    const status = await fs.status(at('a'))
    assert.equal(status?.type, 'file')
    assert.equal(status?.mode, 0o640)
    assert.equal(status?.sizeBytes, 3)
  })

  test('createFile: the file exists → file-exists, content stays', async (fs, at) => {
    await fs.createFile(at('a'), bytes('one'), own)
    await refuses(fs.createFile(at('a'), bytes('two'), own), 'file-exists', at('a'))
    assert.equal(await textOf(fs, at('a')), 'one')
  })

  test('createFile: a link stands there → file-exists, its target is not touched', async (fs, at) => {
    await fs.createFile(at('target'), bytes('one'), own)
    await fs.replaceSymlink(at('link'), 'target')
    await refuses(fs.createFile(at('link'), bytes('two'), own), 'file-exists', at('link'))
    assert.equal(await textOf(fs, at('target')), 'one')
  })

  test('createFile: the folder is missing → file-missing', async (fs, at) => {
    await refuses(fs.createFile(at('no/a'), bytes('one'), own), 'file-missing', at('no/a'))
  })

  test('readFile: nothing there → file-missing', async (fs, at) => {
    await refuses(fs.readFile(at('a')), 'file-missing', at('a'))
  })

  test('readFile: a folder → file-unreadable', async (fs, at) => {
    await fs.makeDirectory(at('a'), folder)
    await refuses(fs.readFile(at('a')), 'file-unreadable', at('a'))
  })

  test('appendFile: missing, then there → created with its access, then longer', async (fs, at) => {
    await fs.appendFile(at('log'), bytes('one\n'), shared)
    await fs.appendFile(at('log'), bytes('two\n'), own)
    assert.equal(await textOf(fs, at('log')), 'one\ntwo\n')
    assert.equal((await fs.status(at('log')))?.mode, 0o640)
  })

  test('appendFile: a link stands there → refused, its target is not touched', async (fs, at) => {
    await fs.createFile(at('target'), bytes('one'), own)
    await fs.replaceSymlink(at('link'), 'target')
    await refuses(fs.appendFile(at('link'), bytes('two'), own), 'file-unwritable', at('link'))
    assert.equal(await textOf(fs, at('target')), 'one')
  })
}

function replacing(test: Test): void {
  test('replaceFile: nothing there, then there → the newest content and access', async (fs, at) => {
    await fs.replaceFile(at('a'), bytes('one'), shared)
    await fs.replaceFile(at('a'), bytes('two'), own)
    assert.equal(await textOf(fs, at('a')), 'two')
    assert.equal((await fs.status(at('a')))?.mode, 0o600)
    assert.deepEqual(await fs.list(at('.')), ['a'])
  })

  test('replaceFile: a link stands there → the link is replaced, its target is not touched', async (fs, at) => {
    await fs.createFile(at('target'), bytes('one'), own)
    await fs.replaceSymlink(at('link'), 'target')
    await fs.replaceFile(at('link'), bytes('two'), own)
    assert.equal((await fs.status(at('link')))?.type, 'file')
    assert.equal(await textOf(fs, at('target')), 'one')
  })

  test('replaceFile: a folder stands there → refused, nothing left beside it', async (fs, at) => {
    await fs.makeDirectory(at('a'), folder)
    await refuses(fs.replaceFile(at('a'), bytes('one'), own), 'file-unwritable', at('a'))
    assert.deepEqual(await fs.list(at('.')), ['a'])
  })

  test('rename: onto a file → takes its place', async (fs, at) => {
    await fs.createFile(at('a'), bytes('one'), own)
    await fs.createFile(at('b'), bytes('two'), own)
    await fs.rename(at('a'), at('b'))
    assert.deepEqual(await fs.list(at('.')), ['b'])
    assert.equal(await textOf(fs, at('b')), 'one')
  })

  test('rename: a folder with files → they move along', async (fs, at) => {
    await fs.makeDirectory(at('a'), folder)
    await fs.createFile(at('a/file'), bytes('one'), own)
    await fs.rename(at('a'), at('b'))
    assert.equal(await textOf(fs, at('b/file')), 'one')
  })

  test('rename: onto a folder that is not empty → file-exists', async (fs, at) => {
    await fs.makeDirectory(at('a'), folder)
    await fs.makeDirectory(at('b'), folder)
    await fs.createFile(at('b/file'), bytes('one'), own)
    await refuses(fs.rename(at('a'), at('b')), 'file-exists', at('a'))
  })

  test('rename: nothing there → file-missing', async (fs, at) => {
    await refuses(fs.rename(at('a'), at('b')), 'file-missing', at('a'))
  })

  test('setAccess: a file → the new mode', async (fs, at) => {
    await fs.createFile(at('a'), bytes('one'), own)
    await fs.setAccess(at('a'), { mode: 0o444 })
    assert.equal((await fs.status(at('a')))?.mode, 0o444)
  })

  test('setAccess: a link → refused, its target keeps its mode', async (fs, at) => {
    await fs.createFile(at('target'), bytes('one'), own)
    await fs.replaceSymlink(at('link'), 'target')
    await refuses(fs.setAccess(at('link'), { mode: 0o666 }), 'file-unwritable', at('link'))
    assert.equal((await fs.status(at('target')))?.mode, 0o600)
  })
}

function folders(test: Test): void {
  test('makeDirectory: parents are missing → all are made, the last with the access', async (fs, at) => {
    await fs.makeDirectory(at('a/b/c'), folder)
    assert.equal((await fs.status(at('a/b')))?.mode, 0o755)
    assert.equal((await fs.status(at('a/b/c')))?.mode, 0o700)
  })

  test('makeDirectory: it exists → given the access, its files stay', async (fs, at) => {
    await fs.makeDirectory(at('a'), { mode: 0o755 })
    await fs.createFile(at('a/file'), bytes('one'), own)
    await fs.makeDirectory(at('a'), folder)
    assert.equal((await fs.status(at('a')))?.mode, 0o700)
    assert.deepEqual(await fs.list(at('a')), ['file'])
  })

  test('makeDirectory: a file or a link stands there → file-exists', async (fs, at) => {
    await fs.createFile(at('file'), bytes('one'), own)
    await fs.replaceSymlink(at('link'), '.')
    await refuses(fs.makeDirectory(at('file'), folder), 'file-exists', at('file'))
    await refuses(fs.makeDirectory(at('link'), folder), 'file-exists', at('link'))
  })

  test('list: files, links and folders → their names, sorted', async (fs, at) => {
    await fs.createFile(at('c'), bytes('one'), own)
    await fs.makeDirectory(at('a'), folder)
    await fs.replaceSymlink(at('b'), 'c')
    assert.deepEqual(await fs.list(at('.')), ['a', 'b', 'c'])
  })

  test('list: no such folder → empty', async (fs, at) => {
    assert.deepEqual(await fs.list(at('no')), [])
  })

  test('readFolder: files, a folder and a link → those asked for, nothing followed', async (fs, at) => {
    await fs.makeDirectory(at('a/inner'), folder)
    await fs.createFile(at('a/one'), bytes('one'), shared)
    await fs.createFile(at('a/empty'), bytes(''), own)
    await fs.createFile(at('a/other'), bytes('other'), own)
    await fs.replaceSymlink(at('a/link'), 'one')
    const found = await fs.readFolder(at('a'), ['one', 'empty', 'inner', 'link', 'no'], 3)
    assert.deepEqual([...(found?.keys() ?? [])], ['one', 'empty', 'inner', 'link'])
    const { content, ...status } = found?.get('one') ?? {}
    assert.deepEqual(status, await fs.status(at('a/one')))
    assert.equal(new TextDecoder().decode(content), 'one')
    assert.equal(found?.get('empty')?.content?.length, 0)
    assert.deepEqual(found?.get('inner'), await fs.status(at('a/inner')))
    assert.deepEqual(found?.get('link'), await fs.status(at('a/link')))
  })

  test('readFolder: a file is larger than asked for → its status without content', async (fs, at) => {
    await fs.createFile(at('file'), bytes('four'), own)
    const entry = (await fs.readFolder(at('.'), ['file'], 3))?.get('file')
    assert.equal(entry?.sizeBytes, 4)
    assert.equal(entry.content, undefined)
  })

  test('readFolder: nothing, a file, or a link to a folder → undefined', async (fs, at) => {
    await fs.makeDirectory(at('folder'), folder)
    await fs.createFile(at('file'), bytes('one'), own)
    await fs.replaceSymlink(at('link'), 'folder')
    for (const path of ['no', 'file', 'link']) assert.equal(await fs.readFolder(at(path), [], 3), undefined)
  })

  test('syncDirectory: a folder → done; nothing there → file-missing', async (fs, at) => {
    await fs.syncDirectory(at('.'))
    await refuses(fs.syncDirectory(at('no')), 'file-missing', at('no'))
  })
}

function links(test: Test): void {
  test('replaceSymlink: twice → points at the newest target, nothing left beside it', async (fs, at) => {
    await fs.replaceSymlink(at('web'), '../archive/web/0001')
    await fs.replaceSymlink(at('web'), '../archive/web/0002')
    assert.equal(await fs.readLink(at('web')), '../archive/web/0002')
    assert.deepEqual(await fs.list(at('.')), ['web'])
  })

  test('replaceSymlink: a file or folder stands there → file-exists, it stays', async (fs, at) => {
    await fs.createFile(at('file'), bytes('one'), own)
    await fs.makeDirectory(at('folder'), folder)
    await refuses(fs.replaceSymlink(at('file'), 'x'), 'file-exists', at('file'))
    await refuses(fs.replaceSymlink(at('folder'), 'x'), 'file-exists', at('folder'))
    assert.equal(await textOf(fs, at('file')), 'one')
  })

  test('readFile: through a link to a folder → the file of the newest target', async (fs, at) => {
    for (const number of ['1', '2']) {
      await fs.makeDirectory(at(`archive/${number}`), folder)
      await fs.createFile(at(`archive/${number}/cert.pem`), bytes(number), own)
      await fs.replaceSymlink(at('live'), `archive/${number}`)
      assert.equal(await textOf(fs, at('live/cert.pem')), number)
    }
  })

  test('readFile: a link in a circle → refused', async (fs, at) => {
    await fs.replaceSymlink(at('a'), 'b')
    await fs.replaceSymlink(at('b'), 'a')
    await refuses(fs.readFile(at('a')), 'file-unreadable', at('a'))
  })

  test('readLink: a file, or nothing → undefined', async (fs, at) => {
    await fs.createFile(at('a'), bytes('one'), own)
    assert.equal(await fs.readLink(at('a')), undefined)
    assert.equal(await fs.readLink(at('no')), undefined)
  })

  test('status: a link → of the link itself; nothing → undefined', async (fs, at) => {
    await fs.replaceSymlink(at('a'), 'nowhere')
    assert.equal((await fs.status(at('a')))?.type, 'symlink')
    assert.equal(await fs.status(at('no')), undefined)
    assert.equal(await fs.status(at('no/deeper')), undefined)
  })
}

function removing(test: Test): void {
  test('remove: a file, a folder with files, nothing → gone', async (fs, at) => {
    await fs.createFile(at('file'), bytes('one'), own)
    await fs.makeDirectory(at('folder/inner'), folder)
    await fs.createFile(at('folder/inner/file'), bytes('one'), own)
    for (const path of ['file', 'folder', 'nothing']) await fs.remove(at(path))
    assert.deepEqual(await fs.list(at('.')), [])
  })

  test('remove: a link to a folder → only the link is gone', async (fs, at) => {
    await fs.makeDirectory(at('folder'), folder)
    await fs.createFile(at('folder/file'), bytes('one'), own)
    await fs.replaceSymlink(at('link'), 'folder')
    await fs.remove(at('link'))
    assert.deepEqual(await fs.list(at('folder')), ['file'])
    assert.equal(await fs.status(at('link')), undefined)
  })
}

async function refuses(work: Promise<unknown>, code: ErrorCode, path: string): Promise<void> {
  await assert.rejects(work, (error: unknown) => {
    assert.ok(error instanceof MayflyError, `not a MayflyError: ${String(error)}`)
    assert.equal(error.code, code)
    assert.equal(error.details.path, path)
    assert.ok(error.message.includes(path), error.message)
    return true
  })
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

async function textOf(fileSystem: FileSystem, path: string): Promise<string> {
  return new TextDecoder().decode(await fileSystem.readFile(path))
}
