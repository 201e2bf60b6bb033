import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stopSignals } from '../../src/systemd/stop-signals.ts'

const listening = (): number => process.listenerCount('SIGINT') + process.listenerCount('SIGTERM')

test('stop signals: the first → an abort, once; a copy of it → nothing; one of later → as usual, the end', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const before = listening()
  const { signal, dispose } = stopSignals()
  try {
    let aborts = 0
    signal.addEventListener('abort', () => aborts++)
    process.emit('SIGINT')
    process.emit('SIGTERM')
    process.emit('SIGINT')
    assert.equal(aborts, 1)
    // Who is asked without a listener ends: Node leaves that to the system.
    assert.equal(listening(), before + 2)
    context.mock.timers.tick(400)
    assert.equal(listening(), before)
  } finally {
    dispose()
  }
})

test('stop signals: disposed → nothing is listened for any more', () => {
  const before = listening()
  const { signal, dispose } = stopSignals()
  dispose()
  assert.equal(listening(), before)
  assert.equal(signal.aborted, false)
})
