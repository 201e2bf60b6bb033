import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hourMs } from '@mayfly/ca-core'
import { FakeClock } from '../../../../test/fakes/fake-clock.ts'
import { createKnownAddresses, knownAddressesMax } from '../../src/api/limits/known-addresses.ts'

test('known addresses: proved → known until a day and two hours after its last proof, whatever the wall clock says', async () => {
  const clock = new FakeClock()
  const known = createKnownAddresses(clock)
  assert.equal(known.has('192.0.2.1'), false)
  known.add('192.0.2.1')
  await clock.advance(25 * hourMs)
  clock.jump(100 * hourMs)
  assert.equal(known.has('192.0.2.1'), true)
  known.add('192.0.2.1')
  await clock.advance(25 * hourMs)
  assert.equal(known.has('192.0.2.1'), true)
  await clock.advance(hourMs)
  assert.equal(known.has('192.0.2.1'), false)
})

test('known addresses: more than are remembered → the one that was silent for longest is forgotten', () => {
  const known = createKnownAddresses(new FakeClock())
  known.add('first')
  known.add('second')
  known.add('first')
  for (let more = 2; more <= knownAddressesMax; more += 1) known.add(`host ${more}`)
  assert.deepEqual([known.has('second'), known.has('first')], [false, true])
})
