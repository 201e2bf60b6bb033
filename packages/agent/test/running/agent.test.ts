import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createLogger, nodeFileSystem, systemClock } from '@mayfly/platform'
import { freePort } from '../../../../test/support/servers/free-port.ts'
import { readAgentConfiguration } from '../../src/configuration/agent-configuration.ts'
import { localPorts } from '../../src/local-ports.ts'
import { startAgent } from '../../src/running/agent.ts'
import { prepareStateFolder } from '../../src/state/state-folder.ts'

test('a stop while a configuration is taken over: its port is closed again, and no other is read', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-stop-'))
  let release = (): void => undefined
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  let isHeld = false
  const ports = { ...localPorts(), fileSystem: { ...nodeFileSystem, readFile: readLate } }
  async function readLate(path: string): Promise<Uint8Array> {
    if (isHeld && path === configPath) await held
    return nodeFileSystem.readFile(path)
  }
  context.after(async () => {
    await ports.transport.close()
    await rm(folder, { recursive: true })
  })
  const configPath = join(folder, 'agent.yaml')
  const base = `state: ${folder}/state\nlive: ${folder}/live\n`
  await writeFile(configPath, base)
  const configuration = await readAgentConfiguration(nodeFileSystem, configPath)
  await prepareStateFolder(nodeFileSystem, configuration.state)
  const agent = await startAgent({
    ...{ ports, configPath, configuration, pid: process.pid, host: 'here', givesMetrics: true },
    logger: createLogger({ level: 'fatal', name: 'test', clock: systemClock }),
  })
  const [port, otherPort] = [await freePort(), await freePort()]
  isHeld = true
  await writeFile(configPath, `${base}metrics: { listen: "127.0.0.1:${port}" }\n`)
  const reloading = agent.reload()
  const stopping = agent.stop()
  // A stop that waits for nothing is over by now.
  await untilStill()
  release()
  await Promise.all([stopping, reloading])
  await assert.rejects(fetch(`http://127.0.0.1:${port}/healthz`), TypeError)
  await writeFile(configPath, `${base}metrics: { listen: "127.0.0.1:${otherPort}" }\n`)
  await agent.reload()
  await assert.rejects(fetch(`http://127.0.0.1:${otherPort}/healthz`), TypeError)
})

/** Turns of the loop in a row in which nothing was at work: a closed socket takes two. */
const stillTurns = 4

/** Resolves when this process has nothing under way any more but what the test holds back: no file, no lookup. */
async function untilStill(): Promise<void> {
  for (let still = 0; still < stillTurns; ) {
    await nextTurn()
    const isAtWork = process.getActiveResourcesInfo().some((resource) => /req/i.test(resource))
    still = isAtWork ? 0 : still + 1
  }
}
