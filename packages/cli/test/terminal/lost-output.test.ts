import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { endWithOutput } from '../../src/terminal/lost-output.ts'
import { makeRequest } from '../support/make-request.ts'
import { compileCache, mayflyCommand, run, temporaryFolder } from '../support/run-mayfly.ts'

test('standard output: closed by its reader → the command ends quietly, as others by SIGPIPE', async (context) => {
  const { path } = await makeRequest(`${await temporaryFolder(context)}/request.pem`)
  const [node, ...rest] = mayflyCommand
  const child = spawn(node, [...rest, 'inspect', '-'], {
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
  })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  child.stdout.destroy()
  await once(child.stdout, 'close')
  // It answers only after it has read all of its input, and by now nobody can read the answer.
  child.stdin.end(await readFile(path))
  const [exitCode] = await once(child, 'close')
  assert.deepEqual([exitCode, stderr], [141, ''])
})

test('standard output: on a full disk → a sentence and the code of a full disk', async () => {
  const { exitCode, stderr } = await run([
    'sh',
    '-c',
    'exec "$@" > /dev/full',
    'sh',
    ...mayflyCommand,
    'help',
    'exit-codes',
  ])
  assert.equal(stderr, 'mayfly: standard output: no space is left on the disk (disk-full)\n')
  assert.equal(exitCode, 4)
})

test('standard output: lost while a command has more to end → it is told by SIGTERM, once', () => {
  const [stdout, stderr] = [new EventEmitter(), Object.assign(new EventEmitter(), { write: () => true })]
  const killed: string[] = []
  const streams = {
    stdout,
    stderr,
    pid: 42,
    listenerCount: (event: string) => (event === 'SIGTERM' ? 1 : 0),
    kill: (pid: number, signal: string) => killed.push(`${pid} ${signal}`),
    exit: (): never => assert.fail('it would leave what it has started'),
    exitCode: 0,
  }
  endWithOutput(streams)
  for (const code of ['EPIPE', 'ERR_STREAM_DESTROYED'])
    stdout.emit('error', Object.assign(new Error(), { code }))
  assert.deepEqual(killed, ['42 SIGTERM'])
  assert.equal(streams.exitCode, 141)
})
