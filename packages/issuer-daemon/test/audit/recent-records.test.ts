import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RecentRecords } from '../../src/audit/recent-records.ts'

const end = (number: number, fill = 0) => ({ number, hash: new Uint8Array(32).fill(fill) })

describe('records that were read lately', () => {
  it('a segment → unpacked once, and again when another took its place', () => {
    const recent = new RecentRecords()
    let unpacked = 0
    const unpack = () => {
      unpacked += 1
      return []
    }
    for (const link of [end(512), end(512), end(1_024), end(512), end(512, 1)]) recent.segment(link, unpack)
    assert.equal(unpacked, 3)
  })

  it('more than are kept → the one not used for longest is unpacked again', () => {
    const recent = new RecentRecords()
    const unpacked: number[] = []
    const read = (number: number) =>
      recent.segment(end(number), () => {
        unpacked.push(number)
        return []
      })
    for (let number = 0; number < 8; number++) read(number)
    read(0)
    read(8)
    unpacked.length = 0
    for (const number of [0, 8, 1]) read(number)
    assert.deepEqual(unpacked, [1])
  })

  it('one record → as it was, for the segment that it was read from', () => {
    const recent = new RecentRecords()
    const record = [{ ...end(7), text: 'seven' }]
    recent.rememberAfter(6, end(512), record)
    assert.equal(recent.recordAfter(6, end(512)), record)
    assert.equal(recent.recordAfter(6, end(512, 1)), undefined)
    assert.equal(recent.recordAfter(7, end(512)), undefined)
  })
})
