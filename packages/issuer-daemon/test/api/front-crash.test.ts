import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { BroadcastChannel } from 'node:worker_threads'
import { isMayflyError } from '@mayfly/ca-core'
import { FakeClock } from '../../../../test/fakes/fake-clock.ts'
import { frontInThread } from '../../src/api/front/thread/thread-front.ts'
import { jsonAnswer } from '../../src/api/route.ts'
import { type FrontKit, startFrontKit, wideLimits } from '../support/front-kit.ts'
import { echo } from '../support/test-routes.ts'

const module = new URL('../support/crashing-front-thread.ts', import.meta.url)
const say = { method: 'POST', path: '/echo', json: { say: 'x' } } as const

/** Ends the threads of fronts in this process, and waits until the log has it. */
async function crash(logged: readonly unknown[]): Promise<void> {
  const before = logged.length
  const channel = new BroadcastChannel('front-crash')
  channel.postMessage('now')
  while (logged.length === before) await new Promise(setImmediate)
  channel.close()
}

/** The answer of whichever thread listens by then. */
async function answered(kit: FrontKit): Promise<{ readonly status: number }> {
  for (;;) {
    const answer = await kit.ask(say).catch(() => undefined)
    if (answer !== undefined) return answer
  }
}

test('callers that bring down what serves them: its thread ends → the core finishes and records, the next thread is as the last was', async () => {
  const logged: unknown[] = []
  const gate = Promise.withResolvers<void>()
  const slow = echo('nothing', { run: () => gate.promise.then(() => jsonAnswer({})) })
  const open = frontInThread({ error: (fields: unknown) => void logged.push(fields) }, module)
  const kit = await startFrontKit(open, { routes: [slow] })
  const { port } = kit.front
  const next = await kit.pki.issue({ names: ['localhost', 'ip:127.0.0.1'] })
  kit.front.present({ keyPem: next.keyPem, chainPem: next.fullchainPem })
  kit.front.follow({ ...wideLimits, relays: ['127.0.0.1'] })

  const cut = assert.rejects(kit.ask(say))
  while (kit.open() === 0) await new Promise(setImmediate)
  await crash(logged)
  await cut
  assert.match(String((logged[0] as { err: unknown }).err), /told to crash/)
  gate.resolve()
  while (kit.audited.length === 0) await new Promise(setImmediate)
  assert.equal(kit.audited[0]?.outcome, 'done')

  assert.equal((await answered(kit)).status, 200)
  assert.equal(kit.front.port, port)
  const socket = connect({ host: '127.0.0.1', port, ca: kit.pki.bundlePem })
  await once(socket, 'secureConnect')
  assert.equal(BigInt(`0x${socket.getPeerCertificate().serialNumber}`), BigInt(`0x${next.serial}`))
  socket.destroy()
  await kit.ask({ ...say, headers: { 'x-forwarded-for': '198.51.100.7' } })
  assert.equal(kit.audited.at(-1)?.address, '198.51.100.7')
  await kit.front.close()
})

test('front: its thread ends again and again → it has failed, and is not started once more', async () => {
  const logged: unknown[] = []
  const open = frontInThread({ error: (fields: unknown) => void logged.push(fields) }, module)
  const kit = await startFrontKit(open, { routes: [echo('nothing')] })
  for (let time = 0; time < 3; time++) {
    assert.equal((await answered(kit)).status, 200)
    await crash(logged)
  }
  const failure = await kit.front.failed
  assert.ok(isMayflyError(failure, 'internal'))
  assert.match(failure.message, /ended 3 times within 60 s/)
  await assert.rejects(kit.ask(say), /ECONNREFUSED/)
  await kit.front.close()
})

test('front: its thread stands still, and does not end → it is ended, and another takes its place; one that works is left alone', async () => {
  const logged: unknown[] = []
  const clock = new FakeClock()
  const open = frontInThread({ error: (fields: unknown) => void logged.push(fields) }, module)
  const kit = await startFrontKit(open, { routes: [echo('nothing')], clock })
  for (let look = 0; look < 10; look++) {
    await clock.advance(5_000)
    assert.equal((await answered(kit)).status, 200)
  }
  assert.equal(logged.length, 0)
  const channel = new BroadcastChannel('front-crash')
  channel.postMessage('stand still')
  while (logged.length === 0) {
    await clock.advance(5_000)
    await new Promise(setImmediate)
  }
  channel.close()
  assert.match(String((logged[0] as { err: unknown }).err), /not turned its loop for 30 s/)
  assert.equal((await answered(kit)).status, 200)
  await kit.front.close()
})
