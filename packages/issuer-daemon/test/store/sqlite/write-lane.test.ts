import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { WriteLane } from '../../../src/store/sqlite/writing/write-lane.ts'

/** A lane whose transactions are kept, and which fails while it is told to. */
function createLane(changesMax: number) {
  const transactions: number[][] = []
  const lane = {
    fails: false,
    transactions,
    lane: new WriteLane<number, string>({
      changesMax,
      transact(changes) {
        if (lane.fails) throw new Error('disk full')
        transactions.push([...changes])
        return changes.map((change) => `did ${change}`)
      },
    }),
  }
  return lane
}

/** A lane with two bulk transactions at once, each of which lasts until it is ended, the first first. */
function createSlowLane() {
  const began: number[][] = []
  const ends: (() => void)[] = []
  const lane = new WriteLane<number, number>({
    changesMax: 2,
    quickMax: 1,
    bulkAtOnceMax: 2,
    async transact(changes) {
      began.push([...changes])
      await new Promise<void>((resolve) => ends.push(resolve))
      return [...changes]
    },
  })
  return { lane, began, end: () => ends.shift()?.() }
}

describe('write lane', () => {
  it('callers of one turn of the loop → one transaction, to each its own outcomes', async () => {
    const { lane, transactions } = createLane(10)
    const outcomes = await Promise.all([lane.write([1, 2]), lane.write([3]), lane.write([4, 5])])
    assert.deepEqual(outcomes, [['did 1', 'did 2'], ['did 3'], ['did 4', 'did 5']])
    assert.deepEqual(transactions, [[1, 2, 3, 4, 5]])
  })

  it('each turn of the loop brings more → they are gathered, for some turns and not for ever', async () => {
    const { lane, transactions } = createLane(100)
    const numbers = Array.from({ length: 40 }, (_, turn) => turn)
    // The latest goes to sleep first, and so each wakes before the lane looks: as requests do, which come from the
    // network before the loop has its turn.
    const arriving = numbers.toReversed().map(async (turn) => {
      for (let passed = 0; passed < turn; passed++) await nextTurn()
      return lane.write([turn])
    })
    await Promise.all(arriving)
    assert.deepEqual(transactions.flat(), numbers)
    const sizes = transactions.map(({ length }) => length)
    assert.ok(Math.max(...sizes) > 2, `${sizes}`)
    assert.ok(sizes.length > 3, `${sizes}`)
  })

  it('who comes alone → written in the next turn', async () => {
    const { lane, transactions } = createLane(10)
    const writing = lane.write([1])
    await nextTurn()
    assert.deepEqual(transactions, [[1]])
    await writing
  })

  it('more than fits → several transactions, in the order of arrival', async () => {
    const { lane, transactions } = createLane(3)
    const outcomes = await Promise.all([lane.write([1, 2, 3, 4]), lane.write([5]), lane.write([6, 7])])
    assert.deepEqual(outcomes.flat().length, 7)
    assert.deepEqual(transactions, [
      [1, 2, 3],
      [4, 5],
      [6, 7],
    ])
  })

  it('bulk waits, and few come after it → they take turns, and neither keeps its own order from the other', async () => {
    const transactions: number[][] = []
    const lane = new WriteLane<number, number>({
      changesMax: 2,
      quickMax: 1,
      async transact(changes) {
        transactions.push([...changes])
        if (transactions.length === 1) quick = [lane.write([11]), lane.write([12]), lane.write([13])]
        return [...changes]
      },
    })
    let quick: Promise<unknown>[] = []
    await lane.write([1, 2, 3, 4, 5, 6])
    await Promise.all(quick)
    assert.deepEqual(transactions, [[1, 2], [11, 12], [3, 4], [13], [5, 6]])
  })

  it('few come while bulk is written → it is written in smaller pieces, and in large ones where none come', async () => {
    const sizes: number[] = []
    const lane = new WriteLane<number, number>({
      changesMax: 8,
      quickMax: 1,
      besideQuickMax: 2,
      async transact(changes) {
        sizes.push(changes.length)
        if (sizes.length === 1) quick = lane.write([0])
        return [...changes]
      },
    })
    let quick: Promise<unknown> | undefined
    const numbers = Array.from({ length: 16 }, (_, index) => index)
    assert.deepEqual(await lane.write(numbers), numbers)
    await quick
    assert.deepEqual(sizes, [8, 1, 2, 2, 2, 2])
  })

  it('only bulk waits → the next is handed over before the last has ended; a few that come wait for those and no more', async () => {
    const { lane, began, end } = createSlowLane()
    const bulk = lane.write([1, 2, 3, 4, 5, 6, 7, 8])
    await nextTurn()
    assert.deepEqual(began, [
      [1, 2],
      [3, 4],
    ])
    const few = lane.write([11])
    end()
    await nextTurn()
    assert.deepEqual(began.slice(2), [], 'another is at work')
    end()
    await nextTurn()
    assert.deepEqual(began.slice(2), [[11]])
    end()
    assert.deepEqual(await few, [11])
    // Others may come: from here on none is begun ahead.
    await nextTurn()
    assert.deepEqual(began.slice(3), [[5, 6]])
    end()
    await nextTurn()
    assert.deepEqual(began.slice(4), [[7, 8]])
    end()
    assert.deepEqual(await bulk, [1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('a few came while bulk was written, and then nothing waited any more → the next bulk is handed over at once again', async () => {
    const { lane, began, end } = createSlowLane()
    const writes = [lane.write([1, 2]), lane.write([11])]
    for (let ended = 0; ended < 2; ended++) {
      await nextTurn()
      end()
    }
    await Promise.all(writes)
    await lane.idle()
    const bulk = lane.write([3, 4, 5, 6])
    await nextTurn()
    assert.deepEqual(began.slice(2), [
      [3, 4],
      [5, 6],
    ])
    end()
    end()
    await bulk
  })

  it('bulk is not to be written yet → it waits, others pass, and it is written once it may be', async () => {
    const transactions: number[][] = []
    let isReady = false
    const lane = new WriteLane<number, number>({
      changesMax: 2,
      quickMax: 1,
      isReadyForBulk: () => isReady,
      transact(changes) {
        transactions.push([...changes])
        return [...changes]
      },
    })
    const bulk = lane.write([1, 2])
    await lane.write([11])
    await lane.write([12])
    assert.deepEqual(transactions, [[11], [12]])
    isReady = true
    lane.wake()
    assert.deepEqual(await bulk, [1, 2])
  })

  it('between two transactions → the event loop turns', async () => {
    const { lane, transactions } = createLane(1)
    const seen: number[] = []
    const writing = lane.write([1, 2, 3])
    const watch = (): void => {
      seen.push(transactions.length)
      if (transactions.length < 3) setImmediate(watch)
    }
    setImmediate(watch)
    await writing
    assert.ok(new Set(seen).size >= 2, JSON.stringify(seen))
  })

  it('a transaction fails → its callers are told, and the next goes on', async () => {
    const subject = createLane(10)
    subject.fails = true
    const results = await Promise.allSettled([subject.lane.write([1]), subject.lane.write([2])])
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    subject.fails = false
    assert.deepEqual(await subject.lane.write([3]), ['did 3'])
  })

  it('a transaction stands still → who waits and who comes is refused, undone; its own callers do not know; then it goes on', async () => {
    const transactions: number[][] = []
    let end = (): void => undefined
    const lane = new WriteLane<number, string>({
      changesMax: 10,
      stalledAfterMs: 10,
      stalled: () => new Error('the disk stands still'),
      async transact(changes) {
        transactions.push([...changes])
        if (transactions.length === 1) {
          await new Promise<void>((resolve) => {
            end = resolve
          })
        }
        return changes.map((change) => `did ${change}`)
      },
    })
    const first = lane.write([1])
    while (transactions.length === 0) await nextTurn()
    const waiting = [lane.write([2]), lane.alone(() => transactions.push([3]))]
    for (const refused of waiting) await assert.rejects(refused, /stands still/)
    await assert.rejects(lane.write([4]), /stands still/)
    // It may come through, and does so here: nobody may take the refusal for more than it says.
    await assert.rejects(first, /stands still/)
    end()
    while (transactions.length === 1) await lane.write([5]).catch(() => nextTurn())
    assert.deepEqual(transactions, [[1], [5]])
  })

  it('a bulk transaction stands still → it is waited for; who comes meanwhile is refused', async () => {
    let end = (): void => undefined
    const lane = new WriteLane<number, string>({
      changesMax: 10,
      quickMax: 1,
      stalledAfterMs: 10,
      async transact(changes) {
        await new Promise<void>((resolve) => {
          end = resolve
        })
        return changes.map((change) => `did ${change}`)
      },
    })
    const bulk = lane.write([1, 2])
    await assert.rejects(lane.write([3]), /takes too long/)
    end()
    assert.deepEqual(await bulk, ['did 1', 'did 2'])
  })

  it('idle: resolves once nothing waits', async () => {
    const { lane, transactions } = createLane(1)
    void lane.write([1, 2])
    await lane.idle()
    assert.equal(transactions.length, 2)
    assert.deepEqual(await lane.write([]), [])
  })
})
