import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMayflyError } from '@mayfly/ca-core'
import { type FileOperation, MemoryFileSystem } from '../../../../test/fakes/memory-file-system.ts'
import type { GenerationFile } from '../../src/formats/generation-file.ts'
import { installedFilesDiffer } from '../../src/installing/drift.ts'
import type { GenerationContent } from '../../src/installing/generation-files.ts'
import {
  currentGeneration,
  installedGeneration,
  listGenerations,
  previousGeneration,
} from '../../src/installing/installed-generation.ts'
import { generationPath, linkTarget, livePath } from '../../src/installing/paths.ts'
import { removeOldGenerations } from '../../src/installing/remove-old-generations.ts'
import { restoreGeneration } from '../../src/installing/restore-generation.ts'
import { switchGeneration } from '../../src/installing/switch-generation.ts'
import { writeGeneration } from '../../src/installing/write-generation.ts'

const live = '/etc/mayfly/live'
const folder = (number: number): string => generationPath(live, 'web', number)

function filesOf(number: number): GenerationFile[] {
  const content = (text: string): Uint8Array => new TextEncoder().encode(`${text} ${number}`)
  return [
    { name: 'cert.pem', content: content('certificate'), secret: false },
    { name: 'key.pem', content: content('key'), secret: true },
  ]
}

function generation(fileSystem: MemoryFileSystem, number: number): GenerationContent {
  const access = { mode: 0o640, uid: 33, gid: 34 }
  return { fileSystem, live, name: 'web', number, files: filesOf(number), access }
}

async function install(fileSystem: MemoryFileSystem, number: number): Promise<void> {
  await writeGeneration(generation(fileSystem, number))
  await switchGeneration(generation(fileSystem, number))
}

async function installed(...numbers: number[]): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem()
  for (const number of numbers) await install(fileSystem, number)
  return fileSystem
}

async function read(fileSystem: MemoryFileSystem, path: string): Promise<string> {
  return new TextDecoder().decode(await fileSystem.readFile(path))
}

test('install: a first generation → readable through the live link, with its access', async () => {
  const fileSystem = await installed(1)
  assert.equal(await fileSystem.readLink('/etc/mayfly/live/web'), '../archive/web/0001')
  assert.equal(await read(fileSystem, '/etc/mayfly/live/web/key.pem'), 'key 1')
  const key = await fileSystem.status(`${folder(1)}/key.pem`)
  assert.deepEqual([key?.mode, key?.uid, key?.gid], [0o640, 33, 34])
  const certificate = await fileSystem.status(`${folder(1)}/cert.pem`)
  assert.deepEqual([certificate?.mode, certificate?.uid, certificate?.gid], [0o644, 33, 34])
})

test('install: files are created with their final access, and nothing is changed later', async () => {
  const fileSystem = new MemoryFileSystem()
  const operations: FileOperation[] = []
  fileSystem.onOperation = (operation) => operations.push(operation)
  await install(fileSystem, 1)
  assert.equal(operations.filter((operation) => operation === 'createFile').length, 2)
  assert.ok(!operations.includes('setAccess'))
})

test('write: the generation in use is not touched', async () => {
  const fileSystem = await installed(1)
  await writeGeneration(generation(fileSystem, 2))
  assert.equal(await currentGeneration(generation(fileSystem, 1)), 1)
  assert.equal(await read(fileSystem, '/etc/mayfly/live/web/key.pem'), 'key 1')
})

test('write: the same again → nothing is written', async () => {
  const fileSystem = await installed(1)
  fileSystem.onOperation = (operation) => assert.notEqual(operation, 'createFile')
  await writeGeneration(generation(fileSystem, 1))
})

test('write: other content for the generation in use → refused', async () => {
  const fileSystem = await installed(1)
  await assert.rejects(writeGeneration({ ...generation(fileSystem, 1), files: filesOf(9) }), (error) =>
    isMayflyError(error, 'file-exists'),
  )
  assert.equal(await read(fileSystem, '/etc/mayfly/live/web/key.pem'), 'key 1')
})

test('write: other content for a generation that is not in use → written anew', async () => {
  const fileSystem = await installed(1)
  await writeGeneration({ ...generation(fileSystem, 2), files: filesOf(9) })
  await writeGeneration(generation(fileSystem, 2))
  assert.equal(await read(fileSystem, `${folder(2)}/key.pem`), 'key 2')
})

for (const path of ['/etc/mayfly/archive', '/etc/mayfly/archive/web', folder(2)]) {
  test(`write: a link in the place of ${path} → refused, nothing is written behind it`, async () => {
    const fileSystem = await installed(1)
    await fileSystem.makeDirectory('/elsewhere', { mode: 0o755 })
    await fileSystem.remove(path)
    await fileSystem.replaceSymlink(path, '/elsewhere')
    await assert.rejects(writeGeneration(generation(fileSystem, 2)), (error) =>
      isMayflyError(error, 'file-exists'),
    )
    assert.deepEqual(await fileSystem.list('/elsewhere'), [])
  })
}

for (const name of ['../web', 'a/b', '.', '..', '', 'Web', 'a\0b']) {
  test(`names: the certificate ${JSON.stringify(name)} → name-invalid`, () => {
    assert.throws(
      () => livePath(live, name),
      (error) => isMayflyError(error, 'name-invalid'),
    )
    assert.throws(
      () => generationPath(live, name, 1),
      (error) => isMayflyError(error, 'name-invalid'),
    )
  })
}

test('paths from configuration or identity names that leave their directory: a file of a generation → name-invalid, before anything is written', async () => {
  const fileSystem = new MemoryFileSystem()
  for (const name of ['../key.pem', 'a/b', '', '..']) {
    const files = [{ name, content: new Uint8Array(), secret: true }]
    await assert.rejects(writeGeneration({ ...generation(fileSystem, 1), files }), (error) =>
      isMayflyError(error, 'name-invalid'),
    )
  }
  assert.deepEqual(await fileSystem.list('/'), [])
})

test('switch: to a generation that is not there → file-missing', async () => {
  const fileSystem = await installed(1)
  await assert.rejects(switchGeneration(generation(fileSystem, 2)), (error) =>
    isMayflyError(error, 'file-missing'),
  )
  assert.equal(await currentGeneration(generation(fileSystem, 1)), 1)
})

test('switch: somebody’s folder has the live name → file-exists, and it stays', async () => {
  const fileSystem = new MemoryFileSystem()
  await fileSystem.makeDirectory('/etc/mayfly/live/web', { mode: 0o755 })
  await writeGeneration(generation(fileSystem, 1))
  await assert.rejects(switchGeneration(generation(fileSystem, 1)), (error) =>
    isMayflyError(error, 'file-exists'),
  )
  assert.equal((await installedGeneration(generation(fileSystem, 1))).kind, 'foreign')
})

test('switch: the live folder is a link, beside whose target is no archive → file-exists, with what to set', async () => {
  const fileSystem = new MemoryFileSystem()
  await fileSystem.makeDirectory('/srv/live', { mode: 0o755 })
  await fileSystem.makeDirectory('/etc/mayfly', { mode: 0o755 })
  await fileSystem.replaceSymlink(live, '/srv/live')
  await writeGeneration(generation(fileSystem, 1))
  await assert.rejects(switchGeneration(generation(fileSystem, 1)), {
    code: 'file-exists',
    message: `${live} is a link to /srv/live: set live in agent.yaml to the folder itself, which the archive is made beside.`,
  })
  assert.deepEqual(await fileSystem.list('/srv/live'), [])
})

test('install: a folder above is a link → readable through it', async () => {
  const fileSystem = new MemoryFileSystem()
  await fileSystem.makeDirectory('/srv/mayfly', { mode: 0o755 })
  await fileSystem.makeDirectory('/etc', { mode: 0o755 })
  await fileSystem.replaceSymlink('/etc/mayfly', '/srv/mayfly')
  await install(fileSystem, 1)
  assert.equal(await read(fileSystem, '/etc/mayfly/live/web/key.pem'), 'key 1')
})

test('going back: the newest generation before the one in use', async () => {
  const fileSystem = await installed(1, 2, 5)
  assert.equal(await previousGeneration(generation(fileSystem, 5)), 2)
  await switchGeneration(generation(fileSystem, 2))
  assert.equal(await currentGeneration(generation(fileSystem, 2)), 2)
  assert.equal(await previousGeneration(generation(fileSystem, 2)), 1)
})

test('installed: nothing, a link to nowhere, somebody’s link → each told apart', async () => {
  const fileSystem = new MemoryFileSystem()
  const place = generation(fileSystem, 1)
  assert.deepEqual(await installedGeneration(place), { kind: 'none' })
  await install(fileSystem, 1)
  await fileSystem.remove(folder(1))
  assert.deepEqual(await installedGeneration(place), { kind: 'dangling', number: 1 })
  await fileSystem.replaceSymlink(livePath(live, 'web'), '../archive/mail/0001')
  assert.equal((await installedGeneration(place)).kind, 'foreign')
})

test('old generations: removed, but not the one in use nor the one before it', async () => {
  const fileSystem = await installed(1, 2, 3, 4)
  await fileSystem.makeDirectory(`${folder(5)}.new`, { mode: 0o755 })
  assert.deepEqual(await removeOldGenerations({ ...generation(fileSystem, 4), keep: 0 }), [3, 4])
  assert.deepEqual(await fileSystem.list('/etc/mayfly/archive/web'), ['0003', '0004'])
})

test('old generations: gone back to the first → it stays, and so do the newest', async () => {
  const fileSystem = await installed(1, 2, 3, 4)
  await switchGeneration(generation(fileSystem, 1))
  assert.deepEqual(await removeOldGenerations({ ...generation(fileSystem, 1), keep: 2 }), [1, 3, 4])
  assert.deepEqual(await listGenerations(generation(fileSystem, 1)), [1, 3, 4])
})

type Damage = (fileSystem: MemoryFileSystem) => Promise<void>
const key = `${folder(1)}/key.pem`
const damages: Record<string, { because: string; path: string; damage: Damage }> = {
  'a file deleted': { because: 'missing', path: key, damage: (files) => files.remove(key) },
  'a file altered': {
    because: 'content',
    path: key,
    damage: (files) => files.replaceFile(key, Buffer.from('kex 1'), { mode: 0o640, uid: 33, gid: 34 }),
  },
  'a file grown': {
    because: 'content',
    path: key,
    damage: (files) => files.appendFile(key, Buffer.from('more'), { mode: 0o640 }),
  },
  'a mode widened': {
    because: 'access',
    path: key,
    damage: (files) => files.setAccess(key, { mode: 0o644, uid: 33, gid: 34 }),
  },
  'an owner changed': {
    because: 'access',
    path: key,
    damage: (files) => files.setAccess(key, { mode: 0o640, uid: 0, gid: 34 }),
  },
  'a link in the place of a file': {
    because: 'type',
    path: key,
    damage: async (files) => {
      await files.remove(key)
      await files.replaceSymlink(key, '/etc/shadow')
    },
  },
  'a folder in the place of a file': {
    because: 'type',
    path: key,
    damage: async (files) => {
      await files.remove(key)
      await files.makeDirectory(`${key}/deep`, { mode: 0o755 })
    },
  },
  'the generation deleted': {
    because: 'missing',
    path: folder(1),
    damage: (files) => files.remove(folder(1)),
  },
  'a link in the place of the generation': {
    because: 'type',
    path: folder(1),
    damage: async (files) => {
      await files.remove(folder(1))
      await files.replaceSymlink(folder(1), '/etc')
    },
  },
  'the live link deleted': {
    because: 'link',
    path: livePath(live, 'web'),
    damage: (files) => files.remove(livePath(live, 'web')),
  },
  'the live folder deleted': {
    because: 'link',
    path: livePath(live, 'web'),
    damage: (files) => files.remove(live),
  },
  'the live link pointed elsewhere': {
    because: 'link',
    path: livePath(live, 'web'),
    damage: (files) => files.replaceSymlink(livePath(live, 'web'), '/etc/ssl'),
  },
}

for (const [what, { because, path, damage }] of Object.entries(damages)) {
  test(`drift: ${what} → found (${because}) and put back`, async () => {
    const fileSystem = await installed(1)
    const content = generation(fileSystem, 1)
    assert.deepEqual(await installedFilesDiffer(content), [])
    await damage(fileSystem)
    const drifts = await restoreGeneration(content)
    assert.deepEqual(
      drifts.map((drift) => ({ path: drift.path, because: drift.because })),
      [{ path, because }],
    )
    assert.deepEqual(await installedFilesDiffer(content), [])
    assert.equal(await read(fileSystem, `${livePath(live, 'web')}/key.pem`), 'key 1')
    assert.equal(await fileSystem.readLink(livePath(live, 'web')), linkTarget(live, 'web', 1))
  })
}

/** Every operation of an installation, so that each can be the last. */
async function operationsOf(work: (fileSystem: MemoryFileSystem) => Promise<void>): Promise<number> {
  const fileSystem = await installed(1)
  let count = 0
  fileSystem.onOperation = () => {
    count++
  }
  await work(fileSystem)
  return count
}

class Crash extends Error {}

function crashAt(fileSystem: MemoryFileSystem, last: number): void {
  let count = 0
  fileSystem.onOperation = () => {
    count++
    if (count >= last) throw new Crash()
  }
}

test('crash and power loss: at every operation → one whole generation is live, and installing goes on', async () => {
  const count = await operationsOf((fileSystem) => install(fileSystem, 2))
  assert.ok(count > 10)
  for (let last = 1; last <= count; last++) {
    for (const power of ['kept', 'lost'] as const) {
      const fileSystem = await installed(1)
      crashAt(fileSystem, last)
      await assert.rejects(install(fileSystem, 2), Crash)
      fileSystem.onOperation = () => undefined
      if (power === 'lost') fileSystem.powerLoss()

      const current = (await currentGeneration(generation(fileSystem, 1))) ?? 0
      assert.deepEqual(
        await installedFilesDiffer(generation(fileSystem, current)),
        [],
        `operation ${last}, power ${power}`,
      )

      await install(fileSystem, 2)
      assert.deepEqual(
        await installedFilesDiffer(generation(fileSystem, 2)),
        [],
        `operation ${last}, power ${power}`,
      )
      await removeOldGenerations({ ...generation(fileSystem, 2), keep: 2 })
      assert.deepEqual(await fileSystem.list('/etc/mayfly/archive/web'), ['0001', '0002'])
    }
  }
})

test('power loss: right after an installation → it is still there', async () => {
  const fileSystem = await installed(1, 2)
  fileSystem.powerLoss()
  assert.deepEqual(await installedFilesDiffer(generation(fileSystem, 2)), [])
})

for (const [errno, code] of [
  ['ENOSPC', 'disk-full'],
  ['EROFS', 'file-unwritable'],
  ['EACCES', 'permission-denied'],
] as const) {
  test(`${errno}: at every write → ${code}, the one in use stays, and installing goes on`, async () => {
    const writes: FileOperation[] = [
      'makeDirectory',
      'createFile',
      'syncDirectory',
      'rename',
      'replaceSymlink',
    ]
    for (const operation of writes) {
      const fileSystem = await installed(1)
      fileSystem.fail({ errno, operation })
      await assert.rejects(install(fileSystem, 2), (error) => isMayflyError(error, code), operation)
      fileSystem.heal()
      assert.equal(await currentGeneration(generation(fileSystem, 1)), 1)
      assert.deepEqual(await installedFilesDiffer(generation(fileSystem, 1)), [])
      await install(fileSystem, 2)
      assert.deepEqual(await installedFilesDiffer(generation(fileSystem, 2)), [])
    }
  })
}
