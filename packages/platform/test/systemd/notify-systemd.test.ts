import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { nodeProcessRunner, notifySystemd, type SystemdOptions, systemClock } from '@mayfly/platform'
import { FakeClock } from '../../../../test/fakes/fake-clock.ts'
import { FakeProcessRunner } from '../../../../test/fakes/fake-process-runner.ts'

const pid = 4_711

describe('notifySystemd, a real socket', () => {
  let root: string
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'mayfly-notify-'))
  })
  after(() => rm(root, { recursive: true }))

  it('ready, status, keep-alive, stopping → the datagrams of sd_notify(3)', async () => {
    const socket = join(root, 'notify')
    const { messages, end } = await listenTo(socket)
    const errors: unknown[] = []
    const notifier = notifySystemd({
      processRunner: nodeProcessRunner,
      clock: systemClock,
      environment: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '60000000' },
      pid,
      onError: (error) => errors.push(error),
    })
    try {
      await notifier.ready()
      assert.deepEqual((await messages.next()).value, ['READY=1', `MAINPID=${pid}`])
      await notifier.status('3 certificates\nREADY=0')
      assert.deepEqual((await messages.next()).value, ['STATUS=3 certificates READY=0'])
      const controller = new AbortController()
      const beating = notifier.keepAlive(controller.signal)
      assert.deepEqual((await messages.next()).value, ['WATCHDOG=1'])
      controller.abort()
      await beating
      await notifier.stopping()
      assert.deepEqual((await messages.next()).value, ['STOPPING=1'])
      assert.deepEqual(errors, [])
    } finally {
      await end()
    }
  })
})

describe('notifySystemd', () => {
  function notifier(environment: Record<string, string>, overrides: Partial<SystemdOptions> = {}) {
    const processRunner = new FakeProcessRunner().program('systemd-notify')
    const clock = new FakeClock()
    const errors: unknown[] = []
    const options = {
      processRunner,
      clock,
      environment,
      pid,
      onError: (e: unknown) => errors.push(e),
      ...overrides,
    }
    return { processRunner, clock, errors, notifier: notifySystemd(options) }
  }

  it('no NOTIFY_SOCKET → nothing is run', async () => {
    const { notifier: quiet, processRunner } = notifier({ WATCHDOG_USEC: '1000' })
    await quiet.ready()
    await quiet.status('x')
    await quiet.keepAlive(new AbortController().signal)
    await quiet.stopping()
    assert.deepEqual(processRunner.runs, [])
  })

  it('WATCHDOG_USEC of 30 s → a keep-alive every 15 s, none while not alive', async () => {
    const {
      notifier: beating,
      processRunner,
      clock,
    } = notifier({ NOTIFY_SOCKET: '/n', WATCHDOG_USEC: '30000000' })
    const controller = new AbortController()
    let alive = true
    const loop = beating.keepAlive(controller.signal, () => alive)
    await clock.untilSleeping()
    await clock.advance(14_999)
    assert.equal(processRunner.runs.length, 1)
    await clock.advance(1)
    assert.equal(processRunner.runs.length, 2)
    alive = false
    await clock.advance(60_000)
    assert.equal(processRunner.runs.length, 2)
    controller.abort()
    await loop
  })

  it('WATCHDOG_PID of another process → no keep-alive', async () => {
    const { notifier: other, processRunner } = notifier({
      NOTIFY_SOCKET: '/n',
      WATCHDOG_USEC: '30000000',
      WATCHDOG_PID: '1',
    })
    await other.keepAlive(new AbortController().signal)
    assert.deepEqual(processRunner.runs, [])
  })

  it('systemd-notify is missing or fails → told, not thrown', async () => {
    const missing = notifier({ NOTIFY_SOCKET: '/n' }, { processRunner: new FakeProcessRunner() })
    await missing.notifier.ready()
    assert.equal(missing.errors.length, 1)
    const failing = new FakeProcessRunner().program('systemd-notify', () => ({
      exitCode: 1,
      stderr: 'refused',
    }))
    const failed = notifier({ NOTIFY_SOCKET: '/n' }, { processRunner: failing })
    await failed.notifier.ready()
    assert.match(String(failed.errors[0]), /refused/)
  })
})

/**
 * A datagram socket as systemd's. A message `BARRIER=1` brings a descriptor that systemd closes once it
 * has come so far; systemd-notify waits for that.
 */
const listener = `
import array, json, os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('"listening"', flush=True)
while True:
    message, ancillary, _, _ = s.recvmsg(65536, 4096)
    for level, kind, content in ancillary:
        if kind == socket.SCM_RIGHTS:
            for fd in array.array('i', content): os.close(fd)
    lines = [line for line in message.decode().split('\\n') if line]
    if lines != ['BARRIER=1']: print(json.dumps(lines), flush=True)
`

async function listenTo(
  path: string,
): Promise<{ messages: AsyncIterator<string[]>; end: () => Promise<void> }> {
  const child = spawn('python3', ['-c', listener, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  await lines.next()
  return {
    messages: {
      next: async () => {
        const { value } = await lines.next()
        return { value: JSON.parse(value ?? 'null'), done: false }
      },
    },
    end: async () => {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}
