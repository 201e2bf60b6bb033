import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { MemoryFileSystem } from '../../../../test/fakes/memory-file-system.ts'
import { homeHint } from '../../src/systemd/home-hint.ts'

const home = join('/home', 'ann')
const node = `${home}/.nvm/versions/node/v26.10.0/bin/node`

async function machine(homeMode: number): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem()
  await fileSystem.makeDirectory('/home', { mode: 0o755 })
  await fileSystem.makeDirectory(home, { mode: homeMode })
  await fileSystem.makeDirectory(`${home}/.nvm/versions/node/v26.10.0/bin`, { mode: 0o755 })
  return fileSystem
}

test('a Node of the whole machine, or of root for the agent: → nothing to say', async () => {
  const fileSystem = await machine(0o700)
  for (const command of [['/usr/bin/mayfly'], ['/opt/node/bin/node', '/opt/homes/main.js']]) {
    assert.equal(await homeHint('mayfly-agent', command, fileSystem), undefined)
    assert.equal(await homeHint('mayfly-issuer', command, fileSystem), undefined)
  }
  assert.equal(await homeHint('mayfly-agent', [join('/root', '.nvm', 'node')], fileSystem), undefined)
})

test("the agent, with a Node in somebody's home: → whoever may write there can have root run other code", async () => {
  const hint = await homeHint('mayfly-agent', ['/opt/node', node], await machine(0o755))
  assert.match(
    hint ?? '',
    /^\/home\/ann\/\.nvm.* have root run other code\. Install Node and Mayfly for the whole machine/,
  )
})

test('the issuer, with a Node in a home that others may not enter: → its user would not get there', async () => {
  const hint = await homeHint('mayfly-issuer', [node], await machine(0o700))
  assert.match(
    hint ?? '',
    /mayfly-issuer, who may not enter \/home\/ann: the issuer would not start\. Install Node/,
  )
  assert.equal(await homeHint('mayfly-issuer', [node], await machine(0o711)), undefined)
})
