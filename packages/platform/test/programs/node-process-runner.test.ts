import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nodeProcessRunner } from '@mayfly/platform'

const timeoutMs = 20_000

describe('nodeProcessRunner', () => {
  it('environment: secrets of this process → not passed on', async () => {
    process.env.MAYFLY_TEST_SECRET = 'secret'
    try {
      const { stdout } = await nodeProcessRunner.run(['env'], { timeoutMs })
      assert.doesNotMatch(stdout, /MAYFLY_TEST_SECRET/)
      assert.match(stdout, /^LANG=C\.UTF-8$/m)
      assert.match(stdout, /^PATH=/m)
    } finally {
      delete process.env.MAYFLY_TEST_SECRET
    }
  })

  it('arguments: with what a shell would interpret → passed as they are', async () => {
    const { stdout } = await nodeProcessRunner.run(['printf', '%s', '$(id); `id` *'], { timeoutMs })
    assert.equal(stdout, '$(id); `id` *')
  })

  it('a program that leaves a server with its pipes → ends without it, the server lives', async () => {
    const { exitCode, stdout } = await nodeProcessRunner.run(['sh', '-c', 'sleep 3600 & echo $!'], {
      timeoutMs,
    })
    assert.equal(exitCode, 0)
    const pid = Number(stdout.trim())
    process.kill(pid, 'SIGKILL')
  })

  it('time limit: children of the program → end with it', async () => {
    const script = 'trap "" TERM; sleep 3600 & echo $!; wait; wait'
    const { timedOut, stdout } = await nodeProcessRunner.run(['sh', '-c', script], { timeoutMs: 1_000 })
    assert.equal(timedOut, true)
    await untilGone(Number(stdout.trim()))
  })
})

async function untilGone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
