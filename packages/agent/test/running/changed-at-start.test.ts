import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createLogger, lockFile, systemClock } from '@mayfly/platform'
import { runAgent } from '../../src/main.ts'

for (const [what, text, logged] of [
  ['taken up', 'log: { level: debug }\n', '"msg":"the configuration is in use"'],
  ['a mistake, told with its line', 'oops: 1\n', 'agent.yaml:3:1: oops: is not a known key'],
] as const) {
  test(`agent: the configuration is changed while it starts → ${what}`, {
    timeout: 60_000,
  }, async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'mayfly-start-'))
    context.after(() => rm(folder, { recursive: true }))
    const configPath = join(folder, 'agent.yaml')
    await writeFile(configPath, `state: ${folder}/state\nlive: ${folder}/live\n`)
    const stop = new AbortController()
    const lines: string[] = []
    const write = (line: string): void => {
      lines.push(line)
      if (line.includes(logged)) stop.abort()
    }
    await runAgent(configPath, {
      signal: AbortSignal.any([stop.signal, context.signal]),
      logger: createLogger({ level: 'info', name: 'test', clock: systemClock, destination: { write } }),
      ports: {
        // By now it has read its configuration, and does not watch the file yet.
        lock: async (path) => {
          await appendFile(configPath, text)
          return lockFile(path)
        },
      },
    })
    assert.ok(stop.signal.aborted, lines.join(''))
  })
}
