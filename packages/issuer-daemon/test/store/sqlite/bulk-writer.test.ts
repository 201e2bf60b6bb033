import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, renameSync, rmdirSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Change } from '../../../src/store/change.ts'
import { changesPerCheckpoint } from '../../../src/store/sqlite/connect.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts'
import { BulkWriter } from '../../../src/store/sqlite/writing/bulk-writer.ts'
import { BulkWriterEnded } from '../../../src/store/sqlite/writing/bulk-writer-ended.ts'
import type { Store } from '../../../src/store/store.ts'

const execute = promisify(execFile)

const start = Date.UTC(2026, 0, 15)

/** Eight transactions of as many as fit into one. */
const manyCount = 8_000

describe('writing in a thread', () => {
  let folder: string
  let store: Store

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mayfly-bulk-'))
    store = await openSqliteStore({ path: join(folder, 'store.sqlite') })
  })
  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })

  it('many changes are written → what comes in meanwhile is read at once, and written between two transactions', async () => {
    const order: string[] = []
    const many = store.commit(additions('many', manyCount)).then(() => order.push('many'))
    const one = store.commit(additions('one', 1)).then(() => order.push('one'))
    let looks = 0
    while (order.length === 0) {
      await store.identity({ name: 'many-0' })
      looks++
      await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all([many, one])
    assert.ok(looks > 1, 'the event loop turned while they were written')
    const last = await store.identity({ name: `many-${manyCount - 1}` })
    const other = await store.identity({ name: 'one-0' })
    assert.deepEqual([last?.name, other?.name], [`many-${manyCount - 1}`, 'one-0'])
  })

  it('a change in between that needs what was written before → finds it, whoever wrote it', async () => {
    await store.commit(additions('many', 100))
    const identity = await store.identity({ name: 'many-99' })
    assert.ok(identity)
    const moved = {
      at: start,
      parts: [{ do: 'move-identity', next: { ...identity, lineagesBegun: 1 } }],
    } as const
    assert.deepEqual(await store.commit([moved]), [{ done: true }])
    const outcomes = await store.commit([moved, ...additions('again', 100)])
    assert.deepEqual(outcomes[0], { done: false, refused: 'identity-moved' })
    assert.equal(outcomes.filter(({ done }) => done).length, 100)
  })

  it('an intermediate is tainted between two sweeps of the thread → what the second would write is refused', async () => {
    const fingerprint = 'ab'.repeat(32)
    const part = { do: 'require-untainted', fingerprint } as const
    const changes = additions('many', 100).map(({ at, parts }) => ({ at, parts: [part, ...parts] }))
    const again = additions('again', 100).map(({ at, parts }) => ({ at, parts: [part, ...parts] }))
    assert.ok((await store.commit(changes)).every(({ done }) => done))
    await store.commit([{ at: start, parts: [{ do: 'taint', fingerprint, at: start }] }])
    const outcomes = await store.commit(again)
    assert.deepEqual(outcomes, Array(100).fill({ done: false, refused: 'authority-tainted' }))
  })

  it('few come together → written in the event loop; as many as are for the thread → in the thread', async () => {
    const other = await openSqliteStore({ path: join(folder, 'other.sqlite'), changesForThreadMin: 5 })
    let threads = 0
    const count = (): number => threads++
    process.on('worker', count)
    const together = (word: string, size: number) =>
      Promise.all(Array.from({ length: size }, (_, index) => other.commit(additions(`${word}-${index}`, 1))))
    try {
      await together('few', 4)
      assert.equal(threads, 0)
      assert.deepEqual((await together('five', 5)).flat(), Array(5).fill({ done: true }))
      assert.equal(threads, 1)
      assert.deepEqual(
        (await together('few', 4)).flat(),
        Array(4).fill({ done: false, refused: 'identity-taken' }),
      )
      assert.equal((await other.counts(start)).identities, 9)
    } finally {
      process.off('worker', count)
      await other.close()
    }
  })

  it('one of many is refused → the others are done, and told so', async () => {
    await store.commit(additions('taken', 1))
    const outcomes = await store.commit([...additions('many', 100), ...additions('taken', 1)])
    assert.deepEqual(outcomes.at(-1), { done: false, refused: 'identity-taken' })
    assert.equal(outcomes.filter(({ done }) => done).length, 100)
    assert.equal((await store.counts(start)).identities, 101)
  })

  it('an error of a programmer in the thread → told, nothing of it is done, and the next goes on', async () => {
    const broken = { at: start, parts: [{ do: 'add-identity', identity: undefined }] } as unknown as Change
    await assert.rejects(store.commit([...additions('lost', 100), broken]))
    assert.equal(await store.identity({ name: 'lost-0' }), undefined)
    await store.commit(additions('many', 100))
    assert.equal((await store.counts(start)).identities, 100)
  })

  it('more than the log is to hold → it is taken into the file meanwhile, and what comes then is written', async () => {
    const path = join(folder, 'store.sqlite')
    const before = statSync(path).size
    const many = store.commit(additions('many', changesPerCheckpoint + 4_000))
    const few = async () => {
      for (let number = 0; number < 20; number++) await store.commit(additions(`few-${number}`, 1))
    }
    await Promise.all([many, few()])
    assert.ok(statSync(path).size > before + changesPerCheckpoint * 50, 'the file has grown')
    assert.equal((await store.counts(start)).identities, changesPerCheckpoint + 4_020)
  })

  it('nothing else keeps the process → it lives until the log is in the file, what waits for that is written, and the store closed', async () => {
    const child = await execute(process.execPath, [
      ...['-C', 'source', '-e', writingMuch],
      ...[fileURLToPath(new URL('../../../src/store/sqlite/open-sqlite-store.ts', import.meta.url))],
      ...[join(folder, 'child.sqlite'), String(changesPerCheckpoint)],
    ])
    assert.equal(child.stdout, 'written and closed')
  })

  it('the thread dies → told; the next is written by another thread, whenever the first is gone for good', async () => {
    const path = join(folder, 'other.sqlite')
    const prepared = join(folder, 'prepared.sqlite')
    await (await openSqliteStore({ path: prepared })).close()
    // A thread that cannot open its database ends with an error.
    mkdirSync(path)
    const writer = new BulkWriter(path)
    await assert.rejects(writer.transact(additions('lost', 1)), BulkWriterEnded)
    rmdirSync(path)
    renameSync(prepared, path)
    assert.deepEqual(await writer.transact(additions('one', 1)), [{ done: true }])
    await writer.close()
  })
})

/** A process in which nothing waits but its writing. */
const writingMuch = `
  const main = async ([path, database, count]) => {
    const { openSqliteStore } = await import(path)
    const store = await openSqliteStore({ path: database })
    const write = (word) => store.commit(Array.from({ length: Number(count) }, (_, index) => {
      const identity = { name: word + index, profile: 'server', names: [], createdAt: 0 }
      return { at: 0, parts: [{ do: 'add-identity', identity }] }
    }))
    await Promise.all([write('one-'), write('other-')])
    await store.close()
    process.stdout.write('written and closed')
  }
  main(process.argv.slice(1))
`

function additions(word: string, count: number): Change[] {
  return Array.from({ length: count }, (_, index) => ({
    at: start,
    parts: [
      {
        do: 'add-identity',
        identity: { name: `${word}-${index}`, profile: 'server', names: [], createdAt: start },
      },
    ],
  }))
}
